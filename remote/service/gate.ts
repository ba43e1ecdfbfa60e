/**
 * What every call passes before its handler: who calls, how often, and how
 * long the request may take to arrive. And what is counted when it ends.
 *
 * @module
 */

import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  ServerListenerBuilder,
  status,
} from "@grpc/grpc-js";
import { createTokenCheck } from "./auth.ts";
import { CallStatus } from "./call_status.ts";
import type { ServiceMetrics } from "./metrics.ts";
import type { ServiceSettings } from "./options.ts";
import { RateLimiter } from "./rate_limiter.ts";

/** A call that is under way, as the gate sees it. */
export interface GateCall {
  /** Address and port. */
  readonly peer: string;
  /** Ends the call although the peer does not read: its HTTP/2 stream is reset. */
  reset(): void;
}

/** The gate of one service. */
export interface Gate {
  readonly interceptor: ServerInterceptor;
  /** The call to which metadata belongs. */
  callOf(metadata: Metadata): GateCall | undefined;
}

/** RST_STREAM with CANCEL (RFC 9113, section 7). */
const CANCEL = 8;

/** Probes carry no token, so health is told to everybody. */
const OPEN_TO_ALL = "/grpc.health.v1.Health/";

/** Makes the gate of a service. */
export function createGate(settings: ServiceSettings, metrics: ServiceMetrics): Gate {
  const { limits, onLog } = settings;
  const isKnown = createTokenCheck(settings.tokens);
  const rate = new RateLimiter(limits.maxCallsPerPeerPerS);
  const calls = new WeakMap<Metadata, GateCall>();
  const { bytesIn, bytesOut } = metrics;

  const judge = (path: string, peer: string, metadata: Metadata): CallStatus | undefined => {
    const waitMs = rate.take(peer.slice(0, peer.lastIndexOf(":")), performance.now());
    if (waitMs > 0) {
      metrics.refused.inc({ because: "rate" });
      const message = `more than ${limits.maxCallsPerPeerPerS} calls a second`;
      return new CallStatus(status.RESOURCE_EXHAUSTED, message, waitMs);
    }
    if (path.startsWith(OPEN_TO_ALL) || isKnown(textOf(metadata, "authorization"))) return undefined;
    metrics.refused.inc({ because: "unauthenticated" });
    onLog({ level: "warn", event: "call-unauthenticated", peer, method: path });
    return new CallStatus(status.UNAUTHENTICATED, 'send a known token as "authorization: Bearer <token>"');
  };

  const interceptor: ServerInterceptor = ({ path, requestStream }, nextCall) => {
    const startedMs = performance.now();
    const peer = nextCall.getPeer();
    let hasEnded = false;
    const onEnd = (code: status) => {
      clearTimeout(requestTimer);
      if (hasEnded) return;
      hasEnded = true;
      const elapsedMs = performance.now() - startedMs;
      metrics.calls.inc({ method: path, status: status[code] });
      metrics.callSeconds.observe({ method: path }, elapsedMs / 1000);
      onLog({ level: "info", event: "call-ended", method: path, peer, status: status[code], elapsedMs });
    };
    const end = (refusal: CallStatus) => {
      onEnd(refusal.code);
      nextCall.sendStatus(refusal.toStatus());
    };
    const requestTimer = setTimeout(() => {
      metrics.refused.inc({ because: "slow-request" });
      end(new CallStatus(status.DEADLINE_EXCEEDED, `no whole request came within ${limits.requestTimeoutMs} ms`));
    }, limits.requestTimeoutMs);
    const listener = new ServerListenerBuilder()
      .withOnReceiveMetadata((metadata, next) => {
        const refusal = judge(path, peer, metadata);
        if (refusal !== undefined) return end(refusal);
        calls.set(metadata, { peer, reset: () => reset(nextCall) });
        next(metadata);
      })
      .withOnReceiveMessage((message: Uint8Array, next) => {
        // From its first message on, a stream has a limit of its own.
        if (requestStream) clearTimeout(requestTimer);
        bytesIn.inc(message.length);
        next(message);
      })
      .withOnReceiveHalfClose((next) => {
        clearTimeout(requestTimer);
        next();
      })
      .withOnCancel(() => onEnd(status.CANCELLED))
      .build();
    return new ServerInterceptingCall(nextCall, {
      start: (next) => next(listener),
      sendMessage: (message: Uint8Array, next) => {
        bytesOut.inc(message.length);
        next(message);
      },
      sendStatus: (sent, next) => {
        onEnd(sent.code ?? status.UNKNOWN);
        next(sent);
      },
    });
  };
  return { interceptor, callOf: (metadata) => calls.get(metadata) };
}

/**
 * A status waits behind the messages that the peer does not read, for ever.
 * The library has no way to end a call without one, but its innermost call
 * holds the HTTP/2 stream; a test shows that it still does.
 */
function reset(call: ServerInterceptingCallInterface): void {
  const { stream } = call as { stream?: { close?: (code: number) => void } };
  stream?.close?.(CANCEL);
}

/** The first value of a header, if it is text. */
export function textOf(metadata: Metadata, header: string): string | undefined {
  const [value] = metadata.get(header);
  return typeof value === "string" ? value : undefined;
}
