/**
 * The host's side of a session: placing segments, sending, receiving, ending.
 *
 * @module
 */

import { byteLength, copyData } from "../core/data/transfer.ts";
import type { RuntimeData } from "../core/data/types.ts";
import { checkRuntimeData } from "../core/data/validate.ts";
import { fromErrorEnvelope, toErrorEnvelope } from "../core/error_envelope.ts";
import { displayValue, type Problem, StreamrackError } from "../core/errors.ts";
import { FanIn } from "../core/flow/fan_in.ts";
import { settledWithin } from "../core/flow/settled_within.ts";
import type { SegmentMetrics, SessionMetrics, SessionState } from "../core/pipeline/metrics.ts";
import { manifestError, type Plan, type PlanPort } from "../core/pipeline/plan.ts";
import type { SendOptions, Session, SessionInput, SessionOutput } from "../core/pipeline/session.ts";
import { type LinkEnd, type LinkWriter, openLinkReader, openLinkWriter } from "./link/link.ts";
import type { PlacedSegment } from "./placement.ts";
import type { Outcome } from "./protocol.ts";
import { type BudgetOptions, SessionBudget } from "./session_budget.ts";
import { toReadable, toWritable } from "./session_streams.ts";
import type { SessionCounters } from "../core/pipeline/session_counters.ts";
import type { SessionWiring } from "./wiring.ts";

/** Times that a session keeps. */
export interface SessionTimes {
  /** How long loading plugins and creating nodes may take. */
  readonly openTimeoutMs: number;
  /** How long a cancelled segment may take to end before its thread is terminated. */
  readonly killGraceMs: number;
}

/** How long a segment may take to tell its counts, in milliseconds. */
const METRICS_TIMEOUT_MS = 1_000;

/** Of a segment that does not answer, or whose thread died. */
const NO_METRICS: SegmentMetrics = { nodes: [], edges: [] };

/** A running plan. Made by {@linkcode openSession}. */
class RunningSession implements Session {
  readonly id: string;
  readonly #plan: Plan;
  readonly #times: SessionTimes;
  readonly #segments: readonly PlacedSegment[];
  readonly #writers: readonly LinkWriter[];
  readonly #sequences: number[];
  readonly #outputs: FanIn;
  readonly #closeReaders: () => void;
  readonly #startedMs = performance.now();
  readonly #finalMetrics = new Map<PlacedSegment, SegmentMetrics>();
  readonly #counters: SessionCounters;
  readonly #budget: SessionBudget | undefined;
  readonly #onEnd: SessionOptions["onEnd"];
  readonly #ended: Promise<void>;
  #epoch = 0;
  #endedMs: number | undefined;
  #state: SessionState = "open";
  #failure: StreamrackError | undefined;
  #isRead = false;
  #readable: ReadableStream<SessionOutput> | undefined;
  #writable: WritableStream<SessionInput> | undefined;

  constructor(plan: Plan, wiring: SessionWiring, { id, budget, onEnd, ...times }: SessionOptions) {
    this.id = id;
    this.#plan = plan;
    this.#times = times;
    this.#segments = wiring.segments;
    this.#counters = wiring.counters;
    this.#budget = budget && new SessionBudget(budget, () => this.#bytesInFlight());
    this.#onEnd = onEnd;
    this.#writers = wiring.inputs.map((end, i) => openLinkWriter(end, wiring.limits, wiring.counters.open(i)));
    this.#sequences = plan.inputs.map(() => 0);
    const firstOutput = plan.inputs.length + plan.edges.length;
    const readers = plan.outputs.map(({ nodeId, port }, i) =>
      openLinkReader(
        wiring.outputs[i] as LinkEnd,
        { port, from: nodeId },
        wiring.limits,
        (error) => this.#fail(error),
        wiring.counters.open(firstOutput + i),
      )
    );
    this.#outputs = new FanIn(readers, "any");
    this.#closeReaders = () => readers.forEach((reader) => reader.close());
    this.#ended = this.#watch();
  }

  /** Settles when nothing of the session is left. Never rejects. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  /** Why it ended, unless it ended well. */
  get failure(): StreamrackError | undefined {
    return this.#failure;
  }

  get state(): SessionState {
    return this.#state;
  }

  get inputs(): readonly PlanPort[] {
    return this.#plan.inputs;
  }

  get outputs(): readonly PlanPort[] {
    return this.#plan.outputs;
  }

  get readable(): ReadableStream<SessionOutput> {
    return this.#readable ??= toReadable(this);
  }

  get writable(): WritableStream<SessionInput> {
    return this.#writable ??= toWritable(this);
  }

  /** Loads plugins and checks parameters in all segments; gives every problem. */
  async prepare(): Promise<Problem[]> {
    const prepared = await Promise.all(this.#segments.map((segment) => segment.prepare()));
    return prepared.flatMap((outcome) => [...unwrap(outcome)]);
  }

  /** Prepares, then creates all nodes. Nothing runs unless all is right. */
  async start(): Promise<void> {
    const problems = await this.prepare();
    if (problems.length > 0) throw manifestError(problems);
    const started = await Promise.all(this.#segments.map((segment) => segment.start()));
    started.forEach(unwrap);
  }

  async send(data: RuntimeData, options: SendOptions = {}): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#state !== "open") {
      throw new StreamrackError("session-closed", "the input of the session was finished", {
        remedy: "Send before finish(), or open a new session.",
      });
    }
    const index = this.#findInput(options);
    const { nodeId, port, kinds } = this.#plan.inputs[index] as PlanPort;
    checkRuntimeData(data);
    // Deno takes the buffers of a message away even if the rest of it cannot be cloned (a proxy, say): try the rest first.
    if (data.metadata !== undefined) checkCloneable(data.metadata);
    if (!kinds.includes(data.type) && !kinds.includes("any")) {
      throw new StreamrackError("wrong-kind", `input "${port}" does not take ${data.type} data`, {
        nodeId,
        problems: [{
          path: "data.type",
          message: "is of the wrong kind",
          received: data.type,
          expected: kinds.join(" or "),
        }],
      });
    }
    const writer = this.#writers[index] as LinkWriter;
    const sent = options.copy === true ? copyData(data) : data;
    const epoch = this.#epoch;
    // Only what is let in takes a number: a value that was refused leaves no gap.
    const write = () =>
      writer.write({ data: sent, bytes: byteLength(sent), sequence: (this.#sequences[index] as number)++, epoch });
    await (this.#budget === undefined ? write() : this.#budget.enter(write));
  }

  finish(): Promise<void> {
    if (this.#state === "open") {
      this.#state = "finishing";
      const end = () => this.#writers.forEach((writer) => writer.end());
      if (this.#budget === undefined) end();
      else this.#budget.after(end);
    }
    return Promise.resolve();
  }

  flush(): void {
    if (this.#state !== "open" && this.#state !== "finishing") return;
    this.#epoch += 1;
    this.#outputs.flushBefore(this.#epoch);
    for (const segment of this.#segments) segment.flush(this.#epoch);
  }

  async cancel(reason?: unknown): Promise<void> {
    const why = reason === undefined ? "" : `: ${reason instanceof Error ? reason.message : displayValue(reason)}`;
    this.#fail(new StreamrackError("session-cancelled", `the session was cancelled${why}`, { cause: reason }));
    await this.#ended;
  }

  async metrics(): Promise<SessionMetrics> {
    const perSegment = await Promise.all(this.#segments.map(async (segment) => {
      if (!this.#finalMetrics.has(segment)) {
        // A thread in a long computation does not answer; its nodes are left out then.
        const current = await settledWithin(segment.metrics(), METRICS_TIMEOUT_MS).catch(() => "ended" as const);
        if (current !== "ended") return current ?? NO_METRICS;
        // It ended between the question and the answer; its last counts come with its result.
        await segment.result.catch(() => {});
      }
      return this.#finalMetrics.get(segment) ?? NO_METRICS;
    }));
    return this.#report(perSegment);
  }

  #report(perSegment: readonly SegmentMetrics[]): SessionMetrics {
    for (const { edges } of perSegment) this.#counters.apply(edges);
    const byId = new Map(perSegment.flatMap(({ nodes }) => nodes).map((metrics) => [metrics.nodeId, metrics]));
    const nodes = this.#plan.nodes.flatMap(({ id }) => byId.has(id) ? [[id, byId.get(id)!] as const] : []);
    return {
      sessionId: this.id,
      state: this.#state,
      wallTimeMs: (this.#endedMs ?? performance.now()) - this.#startedMs,
      nodes: Object.fromEntries(nodes),
      links: this.#counters.links(),
      bytesInFlight: this.#counters.bytesInFlight,
    };
  }

  /** Without shared memory, the threads have to be asked. */
  #bytesInFlight(): number | Promise<number> {
    if (this.#counters.shared !== undefined) return this.#counters.bytesInFlight;
    return this.metrics().then(({ bytesInFlight }) => bytesInFlight);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<SessionOutput, void, undefined> {
    if (this.#isRead) {
      throw new StreamrackError("session-in-use", "the outputs of the session are read already", {
        remedy: "Read a session in one place, and hand the values on from there.",
      });
    }
    this.#isRead = true;
    let isDone = false;
    try {
      for (let delivery = await this.#outputs.next(); delivery !== undefined; delivery = await this.#outputs.next()) {
        const [edge] = delivery.edges;
        const [item] = delivery.items;
        if (edge === undefined || item === undefined) continue;
        yield { nodeId: edge.source.from as string, port: edge.source.port, data: item.data, sequence: item.sequence };
      }
      await this.#ended;
      isDone = true;
      if (this.#failure !== undefined) throw this.#failure;
    } finally {
      // The loop was left early: nobody will read the rest.
      if (!isDone) await this.cancel("the consumer stopped reading");
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state === "open" || this.#state === "finishing") await this.cancel("the session was disposed of");
    await this.#ended;
  }

  #findInput({ to, port }: SendOptions): number {
    if (to === undefined && port === undefined && this.#plan.inputs.length === 1) return 0;
    const fits = this.#plan.inputs.flatMap((input, index) =>
      (to === undefined || input.nodeId === to) && (port === undefined || input.port === port) ? [index] : []
    );
    if (fits.length === 1) return fits[0] as number;
    const named = this.#plan.inputs.map(({ nodeId, port }) => `"${nodeId}" (port "${port}")`).join(", ");
    throw new StreamrackError(
      "unknown-target",
      fits.length === 0 ? "the session has no such input" : "the session has several inputs; say which",
      {
        problems: [{
          path: to === undefined ? "options.to" : port === undefined ? "options.port" : "options",
          message: fits.length === 0 ? "names no input" : "is missing",
          received: displayValue({ to, port }),
          expected: named === "" ? "nothing: this pipeline takes no input" : named,
        }],
      },
    );
  }

  /** Ends everything with an error. The first one counts. */
  #fail(error: StreamrackError): void {
    if (this.#failure !== undefined || this.#state === "done") return;
    this.#failure = error;
    this.#state = error.reason === "session-cancelled" ? "cancelled" : "failed";
    this.#outputs.abort(error);
    this.#budget?.abort(error);
    for (const writer of this.#writers) writer.abort(error);
    // Segments are told that the session was cancelled: the failure itself belongs to the one that failed.
    const told = error.reason === "session-cancelled"
      ? error
      : new StreamrackError("session-cancelled", "another part of the session failed");
    for (const segment of this.#segments) {
      segment.cancel(toErrorEnvelope(told));
      void segment.endWithin(this.#times.killGraceMs);
    }
  }

  /** Follows every segment to its end; settles when nothing of the session is left. Never rejects. */
  async #watch(): Promise<void> {
    await Promise.all(this.#segments.map(async (segment) => {
      try {
        const { outcome, metrics } = await segment.result;
        this.#finalMetrics.set(segment, metrics);
        this.#counters.apply(metrics.edges);
        unwrap(outcome);
      } catch (thrown) {
        this.#fail(StreamrackError.from(thrown));
      }
    }));
    for (const writer of this.#writers) writer.close();
    this.#closeReaders();
    this.#endedMs = performance.now();
    if (this.#failure === undefined) this.#state = "done";
    this.#counters.end();
    const last = this.#segments.map((segment) => this.#finalMetrics.get(segment) ?? NO_METRICS);
    this.#onEnd?.(this.#report(last), this.#failure);
  }
}

/** What {@linkcode openSession} takes beside the plan. */
export interface SessionOptions extends SessionTimes {
  readonly id: string;
  readonly signal?: AbortSignal | undefined;
  /** How much may be in flight in the whole session. Default: as much as its edges take. */
  readonly budget?: BudgetOptions | undefined;
  /** Called once, when nothing of the session is left, before anybody else hears of the end. Must not throw. */
  readonly onEnd?: ((metrics: SessionMetrics, failure: StreamrackError | undefined) => void) | undefined;
}

/**
 * Starts a session over segments that are placed and wired already. If it
 * cannot start, everything is ended before the promise rejects.
 */
export async function openSession(
  plan: Plan,
  wiring: SessionWiring,
  options: SessionOptions,
): Promise<Session & { readonly ended: Promise<void> }> {
  const { signal } = options;
  const session = new RunningSession(plan, wiring, options);
  const onAbort = () => void session.cancel(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  void session.ended.then(() => signal?.removeEventListener("abort", onAbort));
  try {
    signal?.throwIfAborted();
    await withDeadline(session.start(), options.openTimeoutMs);
  } catch (thrown) {
    await session.cancel(signal?.aborted === true ? signal.reason : thrown);
    throw signal?.aborted === true ? session.failure : thrown;
  }
  return session;
}

/** Checks the parameters of a plan in its workers and ends everything again. Gives every problem. */
export async function checkSession(plan: Plan, wiring: SessionWiring, options: SessionOptions): Promise<Problem[]> {
  const session = new RunningSession(plan, wiring, options);
  try {
    return await withDeadline(session.prepare(), options.openTimeoutMs);
  } finally {
    await session.cancel("only checked");
  }
}

async function withDeadline<T>(promise: Promise<T>, timeoutMs: number): Promise<T> {
  const settled = await settledWithin(promise.then((value) => ({ value })), timeoutMs);
  if (settled !== undefined) return settled.value;
  throw new StreamrackError("deadline-exceeded", `the session was not ready within ${timeoutMs} ms`, {
    remedy: "Look for a plugin that hangs while it loads or creates a node, or for threads that are all taken " +
      "(maxThreads, tasksPerThread); or raise openTimeoutMs.",
  });
}

function checkCloneable(metadata: RuntimeData["metadata"]): void {
  try {
    structuredClone(metadata);
  } catch (thrown) {
    throw StreamrackError.from(thrown, "not-cloneable", { remedy: "Give plain objects as metadata." });
  }
}

function unwrap<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value;
  throw fromErrorEnvelope(outcome.error);
}
