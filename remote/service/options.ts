/**
 * The options of a service, and what they are by default.
 *
 * @module
 */

import { StreamrackError } from "../../core/plugin.ts";
import type { TlsOptions } from "../transport/acceptor.ts";
import type { ServiceLogEntry } from "./log.ts";

export type { TlsOptions };

/** What a service lets its clients use. Every number is a whole one from 1. */
export interface ServiceLimits {
  /** Longest message in either direction, in bytes. A longer one is answered `RESOURCE_EXHAUSTED`. Default: 10 MiB. */
  readonly maxMessageBytes: number;
  /** Most pipelines that run at a time: streams and one-shot runs together. One more is answered `UNAVAILABLE`. Default: 256. */
  readonly maxSessions: number;
  /** Most bytes of requests that are worked on at a time, in all calls. A call that comes beyond is answered `RESOURCE_EXHAUSTED`. Default: 512 MiB. */
  readonly maxBytesInFlight: number;
  /** Most connections. One more is closed at once. Default: 1024. */
  readonly maxConnections: number;
  /** Most connections from one address. One more is closed at once. Default: 256. */
  readonly maxConnectionsPerPeer: number;
  /** Most calls at a time on one connection; further ones wait at the client. Default: 256. */
  readonly maxCallsPerConnection: number;
  /** Most new calls from one address in a second, with as many at once. One more is answered `RESOURCE_EXHAUSTED`. Default: 1000. */
  readonly maxCallsPerPeerPerS: number;
  /** Longest time in which a stream moves nothing in either direction, in milliseconds. Default: 300 000. */
  readonly sessionIdleTimeoutMs: number;
  /** How long a connection without a call is kept, in milliseconds. Default: 300 000. */
  readonly connectionIdleTimeoutMs: number;
  /** How long a new connection may take to begin as TLS and HTTP/2 do, in milliseconds. Default: 10 000. */
  readonly handshakeTimeoutMs: number;
  /** How long the message of a one-shot call, or the first one of a stream, may take to arrive, in milliseconds. Default: 30 000. */
  readonly requestTimeoutMs: number;
  /** How long a one-shot run may take, in milliseconds. A request may ask for less. Default: 60 000. */
  readonly maxExecutionMs: number;
  /** Most samples of audio in a one-shot run, or in one chunk of a stream. A request may ask for less. Default: 100 000 000. */
  readonly maxAudioSamples: number;
  /** Silence on a connection after which a ping asks whether the peer is there, in milliseconds. Default: 30 000. */
  readonly keepaliveTimeMs: number;
  /** How long the answer to a ping may take before the connection is closed, in milliseconds. Default: 10 000. */
  readonly keepaliveTimeoutMs: number;
}

/** How `createService` sets up a service. */
export interface ServiceOptions {
  /** Where to listen: host and port, `"127.0.0.1:50051"`, `"[::1]:50051"`. Port 0: one that is free. Default: `"127.0.0.1:50051"`. */
  readonly listen?: string | undefined;
  /** Encrypts. Without, everything is in clear text. */
  readonly tls?: TlsOptions | undefined;
  /** Callers must send one of these as `authorization: Bearer …`. */
  readonly tokens?: readonly string[] | undefined;
  /**
   * Whether callers need neither token nor certificate although the service
   * can be reached from other machines. Default: false; without tokens and
   * without `tls.clientCa` the service then listens on loopback only.
   */
  readonly allowAnonymous?: boolean | undefined;
  readonly limits?: Partial<ServiceLimits> | undefined;
  /**
   * Where to give `/metrics` (Prometheus) and `/healthz` over HTTP: host and
   * port, as in `listen`. Whoever can reach it can read it. Default: nowhere.
   */
  readonly metricsListen?: string | undefined;
  /** How many pipelines are kept ready for the next one-shot run of a manifest that ran before. Default: 4; 0: none. */
  readonly warmSessions?: number | undefined;
  /** Receives what happens, as plain values. Default: nothing is logged. */
  readonly onLog?: ((entry: ServiceLogEntry) => void) | undefined;
}

const DEFAULT_LIMITS: ServiceLimits = {
  maxMessageBytes: 10 * 1024 ** 2,
  maxSessions: 256,
  maxBytesInFlight: 512 * 1024 ** 2,
  maxConnections: 1024,
  maxConnectionsPerPeer: 256,
  maxCallsPerConnection: 256,
  maxCallsPerPeerPerS: 1000,
  sessionIdleTimeoutMs: 300_000,
  connectionIdleTimeoutMs: 300_000,
  handshakeTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  maxExecutionMs: 60_000,
  maxAudioSamples: 100_000_000,
  keepaliveTimeMs: 30_000,
  keepaliveTimeoutMs: 10_000,
};

/** The options of a service with everything filled in. */
export interface ServiceSettings {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsOptions | undefined;
  readonly tokens: readonly string[];
  readonly limits: ServiceLimits;
  readonly metricsAddress: { readonly host: string; readonly port: number } | undefined;
  readonly warmSessions: number;
  readonly onLog: (entry: ServiceLogEntry) => void;
}

/** @throws {StreamrackError} `invalid-options` with every problem. */
export function checkServiceOptions(options: ServiceOptions): ServiceSettings {
  const { listen = "127.0.0.1:50051", metricsListen, tokens = [], limits = {}, warmSessions = 4 } = options;
  const problems: { path: string; message: string; received?: string; expected: string }[] = [];
  const filled: Record<string, number> = { ...DEFAULT_LIMITS };
  for (const [name, value] of Object.entries(limits)) {
    if (value === undefined) continue;
    const path = `options.limits.${name}`;
    const received = String(value);
    if (!Object.hasOwn(DEFAULT_LIMITS, name)) {
      problems.push({ path, message: "is not a limit", received, expected: Object.keys(DEFAULT_LIMITS).join(", ") });
    } else if (!Number.isSafeInteger(value) || value < 1) {
      problems.push({ path, message: "is not right", received, expected: "a whole number from 1" });
    } else filled[name] = value;
  }
  if (!Number.isSafeInteger(warmSessions) || warmSessions < 0) {
    const received = String(warmSessions);
    problems.push({
      path: "options.warmSessions",
      message: "is not right",
      received,
      expected: "a whole number from 0",
    });
  }
  tokens.forEach((token, i) => {
    // Headers carry visible ASCII only; a shorter token could be guessed at the rate that is let through.
    if (/^[\x21-\x7e]{16,}$/.test(token)) return;
    const expected = "16 or more visible ASCII characters";
    problems.push({ path: `options.tokens[${i}]`, message: "is not fit for a token", expected });
  });
  const readAddress = (text: string, path: string) => {
    const address = parseListen(text);
    const expected = 'host and port, such as "127.0.0.1:50051"';
    if (address === undefined) {
      problems.push({ path, message: "is not an address", received: JSON.stringify(text), expected });
    }
    return address;
  };
  const metricsAddress = metricsListen === undefined ? undefined : readAddress(metricsListen, "options.metricsListen");
  const address = readAddress(listen, "options.listen");
  if (
    address !== undefined &&
    tokens.length === 0 && options.tls?.clientCa === undefined && options.allowAnonymous !== true &&
    !isLoopback(address.host)
  ) {
    problems.push({
      path: "options.listen",
      message: "can be reached from other machines, and anybody could run pipelines there",
      received: JSON.stringify(listen),
      expected: "tokens, or tls.clientCa, or allowAnonymous, or an address on loopback",
    });
  }
  if (problems.length > 0) {
    throw new StreamrackError("invalid-options", "the service cannot be started with these options", { problems });
  }
  return {
    ...address as { host: string; port: number },
    tls: options.tls,
    tokens,
    limits: filled as unknown as ServiceLimits,
    metricsAddress,
    warmSessions,
    onLog: options.onLog ?? (() => {}),
  };
}

/** Splits `host:port`, also `[v6]:port`. */
export function parseListen(text: string): { host: string; port: number } | undefined {
  const match = /^(?:\[([0-9a-fA-F:.%]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  const host = match?.[1] ?? match?.[2];
  return host === undefined || port > 65_535 ? undefined : { host, port };
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}
