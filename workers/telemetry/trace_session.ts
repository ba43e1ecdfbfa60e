/**
 * One session as OpenTelemetry sees it: a span, a child of it for each node,
 * and the instruments.
 *
 * @module
 */

import type { Context, Span } from "@opentelemetry/api";
import { StreamrackError } from "../../core/errors.ts";
import type { NodeMetrics, SessionMetrics } from "../../core/pipeline/metrics.ts";
import type { Plan } from "../../core/pipeline/plan.ts";
import { type OpenTelemetry, telemetryApi } from "./api.ts";
import { currentInstruments, type Instruments, type ObservedSession } from "./instruments.ts";

/**
 * Begins to trace a session, as a child of the active context; gives nothing
 * where the application has registered no SDK.
 *
 * @param load Only tests give another.
 */
export async function traceSession(
  sessionId: string,
  plan: Plan,
  load?: () => Promise<OpenTelemetry>,
): Promise<SessionTrace | undefined> {
  try {
    const loading = telemetryApi(load);
    return loading && new SessionTrace(await loading, sessionId, plan);
  } catch {
    // Not installed, or an SDK that throws: a session must not fail for want of a trace.
    return undefined;
  }
}

/** The trace of a session that is opening or open. Nothing of it throws, whatever the SDK does. */
export class SessionTrace {
  /** The session's span as a W3C header; nothing where the SDK makes no spans. */
  readonly traceparent: string | undefined;
  readonly #api: OpenTelemetry;
  readonly #span: Span;
  readonly #context: Context;
  readonly #instruments: Instruments;
  readonly #startMs = Date.now();
  #observed: ObservedSession | undefined;
  #isOpen = false;
  /** An end that came while the session was opening: `open` knows better how it failed. */
  #lastWord: [SessionMetrics, StreamrackError | undefined] | undefined;

  constructor(api: OpenTelemetry, sessionId: string, plan: Plan) {
    this.#api = api;
    const parent = api.context.active();
    this.#span = api.trace.getTracer("streamrack").startSpan("streamrack.session", {
      startTime: this.#startMs,
      attributes: {
        "streamrack.session.id": sessionId,
        "streamrack.session.nodes": plan.nodes.map(({ id }) => id),
      },
    }, parent);
    this.#context = api.trace.setSpan(parent, this.#span);
    const { traceId, spanId, traceFlags } = this.#span.spanContext();
    const isValid = api.trace.isSpanContextValid(this.#span.spanContext());
    this.traceparent = isValid ? `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}` : undefined;
    this.#instruments = currentInstruments(api);
  }

  /** Counts the session among those that run. */
  follow(session: ObservedSession): void {
    this.#observed = session;
    this.#instruments.begin(session);
  }

  /** Says that `open` gives the session to the application. */
  opened(): void {
    this.#isOpen = true;
    if (this.#lastWord !== undefined) this.end(...this.#lastWord);
  }

  /** Says that `open` rejects. */
  failedToOpen(thrown: unknown): void {
    this.#safely(() => {
      this.#fail(this.#span, thrown);
      this.#span.end();
    });
  }

  /** Says that the session has ended. */
  end(metrics: SessionMetrics, failure: StreamrackError | undefined): void {
    this.#safely(() => {
      if (this.#observed !== undefined) this.#instruments.end(this.#observed, metrics);
      this.#observed = undefined;
    });
    if (this.#isOpen) this.#safely(() => this.#endSpans(metrics, failure));
    else this.#lastWord = [metrics, failure];
  }

  #endSpans({ state, nodes }: SessionMetrics, failure: StreamrackError | undefined): void {
    const endMs = Math.max(this.#startMs, Date.now());
    for (const node of Object.values(nodes)) this.#nodeSpan(node, failure, endMs);
    this.#span.setAttribute("streamrack.session.state", state);
    // A cancel is an end that somebody wanted.
    if (failure !== undefined && state === "failed") this.#fail(this.#span, failure);
    this.#span.end(endMs);
  }

  #nodeSpan(node: NodeMetrics, failure: StreamrackError | undefined, endMs: number): void {
    const span = this.#api.trace.getTracer("streamrack").startSpan("streamrack.node", {
      startTime: this.#startMs,
      attributes: {
        "streamrack.node.id": node.nodeId,
        "streamrack.node.type": node.nodeType,
        "streamrack.plugin": node.pluginName,
        "streamrack.node.items_in": node.itemsIn,
        "streamrack.node.items_out": node.itemsOut,
        "streamrack.node.bytes_in": node.bytesIn,
        "streamrack.node.bytes_out": node.bytesOut,
        "streamrack.node.p50_ms": node.p50Ms,
        "streamrack.node.p99_ms": node.p99Ms,
        "streamrack.node.busy_ms": node.busyMs,
      },
    }, this.#context);
    if (failure !== undefined && failure.nodeId === node.nodeId) this.#fail(span, failure);
    span.end(endMs);
  }

  #fail(span: Span, thrown: unknown): void {
    const error = StreamrackError.from(thrown);
    span.setAttribute("error.type", error.reason);
    span.recordException(error);
    span.setStatus({ code: this.#api.SpanStatusCode.ERROR, message: error.detail });
  }

  #safely(action: () => void): void {
    try {
      action();
    } catch (thrown) {
      this.#api.diag.error("streamrack: the SDK threw", thrown);
    }
  }
}
