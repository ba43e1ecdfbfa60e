/**
 * The host's side of a session: placing segments, sending, receiving, ending.
 *
 * @module
 */

import type { RuntimeData } from "../core/data/types.ts";
import { toErrorEnvelope } from "../core/error_envelope.ts";
import { displayValue, type Problem, StreamrackError } from "../core/errors.ts";
import { FanIn } from "../core/flow/fan_in.ts";
import type { SegmentMetrics, SessionMetrics, SessionState } from "../core/pipeline/metrics.ts";
import type { Plan, PlanPort, PlanSegment } from "../core/pipeline/plan.ts";
import type { SendOptions, Session, SessionInput, SessionOutput } from "../core/pipeline/session.ts";
import { blamed, isHearsay, pluginOf } from "./blame.ts";
import type { LinkEnd } from "./link/link.ts";
import { openLinkReader, openLinkWriter } from "./link/open_link.ts";
import { type BudgetOptions, SessionBudget } from "./session_budget.ts";
import { SessionInputs } from "./session_inputs.ts";
import { SessionOutputs } from "./session_outputs.ts";
import { toReadable, toWritable } from "./session_streams.ts";
import { type RestartPolicy, Supervisor } from "./supervisor.ts";
import type { SessionCounters } from "../core/pipeline/session_counters.ts";
import type { SessionWiring } from "./wiring.ts";

/** What a {@linkcode RunningSession} takes beside the plan. */
export interface SessionOptions {
  readonly id: string;
  readonly signal?: AbortSignal | undefined;
  /** How long loading plugins and creating nodes may take. */
  readonly openTimeoutMs: number;
  /** How long a cancelled segment may take to end before its thread is terminated. */
  readonly killGraceMs: number;
  readonly restart: RestartPolicy;
  /** Told of each crash. Throws if the plugin may not be started again. */
  onCrash(segment: PlanSegment, error: StreamrackError): void;
  /** Told that a worker has broken the protocol: the session fails of it, unless it has ended already. */
  onViolation(error: StreamrackError): void;
  /** Told that a segment is started again. */
  onRestart(sessionId: string, segment: PlanSegment, error: StreamrackError, count: number): void;
  /** How much may be in flight in the whole session. Default: as much as its edges take. */
  readonly budget?: BudgetOptions | undefined;
  /** Called once, when all of it was read or nothing of it is left, before anybody else hears of the end. Must not throw. */
  readonly onEnd?: ((metrics: SessionMetrics, failure: StreamrackError | undefined) => void) | undefined;
}

/** A running plan. */
export class RunningSession implements Session {
  readonly id: string;
  readonly #plan: Plan;
  readonly #options: SessionOptions;
  readonly #supervisor: Supervisor;
  readonly #counters: SessionCounters;
  readonly #inputs: SessionInputs;
  readonly #outputs: FanIn;
  readonly #startedMs = performance.now();
  readonly #ended: Promise<void>;
  #epoch = 0;
  #endedMs: number | undefined;
  #lastMetrics: SessionMetrics | undefined;
  #state: SessionState = "open";
  #failure: StreamrackError | undefined;
  #hasSeenViolation = false;
  #isRead = false;
  #readable: ReadableStream<SessionOutput> | undefined;
  #writable: WritableStream<SessionInput> | undefined;

  constructor(plan: Plan, wiring: SessionWiring, options: SessionOptions) {
    this.id = options.id;
    this.#plan = plan;
    this.#options = options;
    const { counters } = wiring;
    this.#counters = counters;
    const onViolation = (error: StreamrackError) => this.#fail(error);
    const peerOf = (nodeId: string) => ({ nodeId, pluginName: pluginOf(plan, nodeId) });
    const writers = wiring.inputs.map((end, i) =>
      openLinkWriter(end, {
        ...wiring,
        counts: counters.open(i),
        peer: peerOf((plan.inputs[i] as PlanPort).nodeId),
        onViolation,
      })
    );
    const budget = options.budget && new SessionBudget(options.budget, () => this.#bytesInFlight());
    this.#inputs = new SessionInputs(plan.inputs, writers, budget);
    const firstOutput = plan.inputs.length;
    const readers = plan.outputs.map(({ nodeId, port, kinds }, i) => {
      const counts = counters.open(firstOutput + i);
      const options = { ...wiring, counts, peer: peerOf(nodeId), kinds, latestEpoch: () => this.#epoch };
      return openLinkReader(wiring.outputs[i] as LinkEnd, { port, from: nodeId }, options, onViolation);
    });
    this.#outputs = new FanIn(readers, "any", wiring.waitsAwake);
    this.#supervisor = new Supervisor({
      wiring,
      restart: options.restart,
      openTimeoutMs: options.openTimeoutMs,
      writers,
      readers,
      epoch: () => this.#epoch,
      onCrash: options.onCrash,
      onRestart: (segment, error, count) => options.onRestart(this.id, segment, error, count),
      onFailure: (error) => this.#fail(error),
      blame: (error, segment, isCancelled) => blamed(error, segment, plan, isCancelled),
    });
    this.#ended = this.#supervisor.ended.then(() => {
      this.#inputs.close();
      for (const reader of readers) reader.close();
      this.#end();
      wiring.releaseRings(
        this.#hasSeenViolation ? "broken" : this.#supervisor.hasLostThread ? "thread-lost" : "unused",
      );
    });
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

  /** Ends the session for whoever uses it; what is left then is to close. The first call counts. */
  #end(): void {
    if (this.#endedMs !== undefined) return;
    this.#endedMs = performance.now();
    if (this.#failure === undefined) this.#state = "done";
    const perSegment = this.#supervisor.lastMetrics();
    this.#apply(perSegment);
    // The last counts of its edges; nothing is in flight any more.
    this.#counters.end();
    const last = this.#lastMetrics = this.#report(perSegment);
    this.#options.onEnd?.(last, this.#failure);
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
  prepare(): Promise<Problem[]> {
    return this.#supervisor.prepare();
  }

  /** Prepares, then creates all nodes. Nothing runs unless all is right. */
  start(): Promise<void> {
    return this.#supervisor.start();
  }

  send(data: RuntimeData, options: SendOptions = NO_OPTIONS): Promise<void> {
    // Not async: where there is room at once, which is the usual case, nothing is awaited.
    try {
      return this.#send(data, options) ?? DONE;
    } catch (thrown) {
      return Promise.reject(thrown);
    }
  }

  #send(data: RuntimeData, options: SendOptions): void | Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#state !== "open") {
      throw new StreamrackError("session-closed", "the input of the session was finished", {
        remedy: "Send before finish(), or open a new session.",
      });
    }
    return this.#inputs.send(data, options, this.#epoch);
  }

  finish(): Promise<void> {
    if (this.#state === "open") {
      this.#state = "finishing";
      this.#inputs.end();
    }
    return Promise.resolve();
  }

  flush(): void {
    if (this.#state !== "open" && this.#state !== "finishing") return;
    this.#epoch += 1;
    this.#outputs.flushBefore(this.#epoch);
    this.#supervisor.flush(this.#epoch);
  }

  async cancel(reason?: unknown): Promise<void> {
    const why = reason === undefined ? "" : `: ${reason instanceof Error ? reason.message : displayValue(reason)}`;
    const error = new StreamrackError("session-cancelled", `the session was cancelled${why}`, { cause: reason });
    this.#fail(error);
    // One that has ended may still have to close.
    if (this.#state === "done") this.#supervisor.cancel(toErrorEnvelope(error), this.#options.killGraceMs);
    await this.#ended;
  }

  async metrics(): Promise<SessionMetrics> {
    if (this.#lastMetrics !== undefined) return this.#lastMetrics;
    const perSegment = await this.#supervisor.metrics();
    this.#apply(perSegment);
    return this.#lastMetrics ?? this.#report(perSegment);
  }

  #apply(perSegment: readonly SegmentMetrics[]): void {
    for (const [owner, { edges }] of perSegment.entries()) this.#counters.apply(owner, edges);
  }

  #report(perSegment: readonly SegmentMetrics[]): SessionMetrics {
    const byId = new Map(perSegment.flatMap(({ nodes }) => nodes).map((metrics) => [metrics.nodeId, metrics]));
    const nodes = this.#plan.nodes.flatMap(({ id }) => byId.has(id) ? [[id, byId.get(id)!] as const] : []);
    return {
      sessionId: this.id,
      state: this.#state,
      wallTimeMs: (this.#endedMs ?? performance.now()) - this.#startedMs,
      restarts: this.#supervisor.restarts,
      nodes: Object.fromEntries(nodes),
      segments: this.#supervisor.health(),
      links: this.#counters.links(),
      bytesInFlight: this.#counters.bytesInFlight,
      unenforced: unenforcedIn(this.#plan),
    };
  }

  /** Without shared memory, the threads have to be asked. */
  #bytesInFlight(): number | Promise<number> {
    if (this.#counters.isShared) return this.#counters.bytesInFlight;
    return this.metrics().then(({ bytesInFlight }) => bytesInFlight);
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<SessionOutput, void> {
    return new SessionOutputs({
      open: () => {
        if (this.#isRead) {
          throw new StreamrackError("session-in-use", "the outputs of the session are read already", {
            remedy: "Read a session in one place, and hand the values on from there.",
          });
        }
        this.#isRead = true;
      },
      source: this.#outputs,
      end: async () => {
        // Nothing is left to be read, so nobody need wait until all is closed.
        await this.#supervisor.done;
        if (this.#failure === undefined && this.#endedMs === undefined) {
          this.#end();
          this.#supervisor.conclude(this.#options.killGraceMs);
        }
        if (this.#failure === undefined) return;
        await this.#ended;
        throw this.#failure;
      },
      // The loop was left early: nobody will read the rest.
      leave: () => this.cancel("the consumer stopped reading"),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state === "open" || this.#state === "finishing") await this.cancel("the session was disposed of");
    await this.#ended;
  }

  /** Ends everything with an error. The first one counts. */
  #fail(error: StreamrackError): void {
    const isViolation = error.reason === "protocol-violation";
    if (isViolation) this.#hasSeenViolation = true;
    if (this.#failure !== undefined) return;
    // What one plugin says of another must not take that one out of service.
    if (isViolation && !isHearsay(error)) this.#options.onViolation(error);
    // Whoever breaks the protocol behind the end has to answer for it, but the session has ended well.
    if (this.#state === "done") return;
    this.#failure = error;
    this.#state = error.reason === "session-cancelled" ? "cancelled" : "failed";
    this.#outputs.abort(error);
    this.#inputs.abort(error);
    // Segments are told that the session was cancelled: the failure itself belongs to the one that failed.
    const told = error.reason === "session-cancelled"
      ? error
      : new StreamrackError("session-cancelled", "another part of the session failed");
    this.#supervisor.cancel(toErrorEnvelope(told), this.#options.killGraceMs);
  }
}

function unenforcedIn({ nodes }: Plan): string[] {
  return [...new Set(nodes.flatMap(({ plugin }) => plugin.isUnenforced === true ? [plugin.description.name] : []))];
}

/** What a send resolves with that had room at once. */
const DONE = Promise.resolve();
const NO_OPTIONS: SendOptions = {};
