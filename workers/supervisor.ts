/**
 * The supervisor of a session: follows its segments to their ends, and puts
 * one whose thread has died on another, where the session asks for that.
 *
 * @module
 */

import type { ErrorEnvelope } from "../core/error_envelope.ts";
import { fromErrorEnvelope } from "../core/error_envelope.ts";
import { type ErrorReason, type Problem, StreamrackError } from "../core/errors.ts";
import { type Backoff, delayMs } from "../core/flow/backoff.ts";
import { messagesHeard } from "../core/flow/pacer.ts";
import { settledWithin } from "../core/flow/settled_within.ts";
import type { SegmentHealth, SegmentMetrics } from "../core/pipeline/metrics.ts";
import { manifestError, type PlanSegment } from "../core/pipeline/plan.ts";
import type { LinkReader, LinkWriter } from "./link/link.ts";
import type { PlacedSegment } from "./placement.ts";
import type { Outcome, SegmentResult } from "./protocol.ts";
import { readyWithin } from "./ready_within.ts";
import { type Neighbour, Rewiring } from "./rewiring.ts";
import type { TrunkEnds } from "./trunk.ts";
import type { SegmentWiring, SessionWiring } from "./wiring.ts";

/** When a segment whose thread has died is started again. */
export interface RestartPolicy extends Backoff {
  /** Restarts in all within {@linkcode windowMs}, from 0. With one more crash the session fails. */
  readonly maxRestarts: number;
  /** In milliseconds, from 1. */
  readonly windowMs: number;
}

/** What a {@linkcode Supervisor} needs of its session. */
export interface SupervisorOptions {
  readonly wiring: SessionWiring;
  readonly restart: RestartPolicy;
  /** How long a segment may take to be ready. */
  readonly openTimeoutMs: number;
  /** The host's ends of the links, by input and output of the session. */
  readonly writers: readonly LinkWriter[];
  readonly readers: readonly LinkReader[];
  /** The epoch of the session now. */
  epoch(): number;
  /** Told of each crash, before anything is done about it. Throws if the plugin may not be started again. */
  onCrash(segment: PlanSegment, error: StreamrackError): void;
  /** Told that a segment is started again. */
  onRestart(segment: PlanSegment, error: StreamrackError, count: number): void;
  /** The session has failed; or, after {@linkcode Supervisor.conclude}, a segment has. */
  onFailure(error: StreamrackError): void;
  /** What a segment has reported, as the session tells it. */
  blame(error: Error, segment: PlanSegment, isCancelled: boolean): StreamrackError;
}

/** One segment, in the thread that it has now. */
interface Slot extends Neighbour {
  readonly wiring: SegmentWiring;
  placed: PlacedSegment;
  /** That of the thread that it has now. */
  trunk: TrunkEnds | undefined;
  state: Neighbour["state"];
  /** Whether all its nodes have ended well. */
  isDone: boolean;
  restarts: number;
  metrics: SegmentMetrics;
}

/** How long a segment may take to tell its counts, in milliseconds. */
const ANSWER_TIMEOUT_MS = 1_000;

/** What a call is rejected with when its thread has died, or was terminated since it stood still or took too much. */
const DEATHS: readonly ErrorReason[] = ["worker-crashed", "node-stuck", "memory-exceeded"];

/** Of a segment that does not answer, or whose thread died. */
const NO_METRICS: SegmentMetrics = { nodes: [], edges: [] };

/** Follows the segments of one session. */
export class Supervisor {
  /** Settles when nothing runs any more. Never rejects. */
  readonly ended: Promise<void>;
  /** Settles when all nodes have ended well, or nothing runs any more. Never rejects. */
  readonly done: Promise<void>;
  /** How often a segment was started again. */
  restarts = 0;
  /** Whether a segment ended without saying so: its thread may still be at the last step of its life. */
  hasLostThread = false;
  readonly #options: SupervisorOptions;
  readonly #slots: readonly Slot[];
  readonly #restartedMs: number[] = [];
  readonly #rewiring: Rewiring;
  #restarting: Promise<unknown> = Promise.resolve();
  #isStarted = false;
  #isOver = false;
  #noteDone!: () => void;
  #cancelled: ErrorEnvelope | undefined;
  #cancel!: () => void;
  readonly #whenCancelled = new Promise<void>((resolve) => this.#cancel = resolve);

  constructor(options: SupervisorOptions) {
    this.#options = options;
    const { wiring, writers, readers } = options;
    this.#rewiring = new Rewiring({
      wiring,
      writers,
      readers,
      neighbour: (segment) => this.#slots.find((slot) => slot.wiring.segment === segment) as Slot,
    });
    this.done = new Promise((resolve) => this.#noteDone = resolve);
    this.#slots = wiring.segments.map((segment): Slot => {
      const placed = wiring.place(segment);
      const { trunk } = segment;
      return { wiring: segment, placed, trunk, state: "running", isDone: false, restarts: 0, metrics: NO_METRICS };
    });
    for (const slot of this.#slots) this.#awaitDone(slot);
    this.ended = Promise.all(this.#slots.map((slot) => this.#follow(slot))).then(() => {
      this.#rewiring.close();
      for (const { trunk } of this.#slots) trunk?.near.close();
      this.#noteDone();
    });
  }

  /** Loads plugins and checks parameters in all segments; gives every problem. */
  prepare(): Promise<Problem[]> {
    return this.#ask((placed) => placed.prepare());
  }

  /** Prepares, then creates all nodes. Nothing runs unless all is right. From then on, what dies is started again. */
  async start(): Promise<void> {
    // One alone prepares when it is started, which spares a trip to its thread.
    const unprepared = this.#slots.length === 1 ? [] : await this.prepare();
    const problems = unprepared.length > 0 ? unprepared : await this.#ask((placed) => placed.start());
    if (problems.length > 0) throw manifestError(problems);
    this.#isStarted = true;
  }

  /** Asks every segment, and gives the problems of all. */
  async #ask(ask: (placed: PlacedSegment) => Promise<Outcome<readonly Problem[]>>): Promise<Problem[]> {
    const answers = await Promise.all(this.#slots.map(async (slot) => [slot, await ask(slot.placed)] as const));
    return answers.flatMap(([slot, outcome]) => [...this.#unwrap(slot, outcome)]);
  }

  flush(epoch: number): void {
    for (const { placed } of this.#slots) placed.flush(epoch);
  }

  /** Asks every segment to end; what has not by then is terminated. */
  cancel(error: ErrorEnvelope, killGraceMs: number): void {
    if (this.#cancelled !== undefined) return;
    this.#cancelled = error;
    this.#cancel();
    for (const { placed } of this.#slots) {
      placed.cancel(error);
      void placed.endWithin(killGraceMs);
    }
  }

  /**
   * Says that whoever uses the session has all of it. What is left is to close links; a thread that dies of that is not
   * missed, and one that takes its time for it is terminated. To be called once, when it is {@linkcode Supervisor.done}.
   */
  conclude(killGraceMs: number): void {
    this.#isOver = true;
    for (const { placed } of this.#slots) void seeOff(placed, killGraceMs);
  }

  /** How every segment in a worker fares. */
  health(): SegmentHealth[] {
    return this.#slots.flatMap(({ placed, restarts }) => {
      const health = placed.health();
      return health === undefined ? [] : [{ ...health, restarts }];
    });
  }

  /** Counts of every segment when it ended. */
  lastMetrics(): SegmentMetrics[] {
    return this.#slots.map(({ metrics }) => metrics);
  }

  /** Counts of every segment, now or at its end. Those of a thread that does not answer are left out. */
  async metrics(): Promise<SegmentMetrics[]> {
    return await Promise.all(this.#slots.map(async (slot) => {
      if (slot.state === "ended") return slot.metrics;
      const current = await settledWithin(slot.placed.metrics(), ANSWER_TIMEOUT_MS).catch(() => "ended" as const);
      if (current !== "ended") return current ?? NO_METRICS;
      // It ended between the question and the answer; its last counts come with its result.
      await slot.placed.result.catch(() => {});
      return slot.metrics;
    }));
  }

  /** Takes note when all nodes of a segment have ended, in the thread that it has now. */
  #awaitDone(slot: Slot): void {
    const { placed } = slot;
    placed.onDone = (metrics) => {
      if (slot.placed !== placed) return;
      slot.isDone = true;
      slot.metrics = metrics;
      if (this.#slots.every(({ isDone, state }) => isDone || state === "ended")) this.#noteDone();
    };
  }

  /** Follows one segment until it has ended for good. Never rejects. */
  async #follow(slot: Slot): Promise<void> {
    for (;;) {
      let isCrash = true;
      try {
        const { outcome, metrics } = await this.#resultOf(slot);
        slot.metrics = metrics;
        // From here on it is the segment that speaks, and a thread that is alive cannot say that it has crashed.
        isCrash = false;
        this.#unwrap(slot, outcome);
        break;
      } catch (thrown) {
        const error = StreamrackError.from(thrown);
        if (this.#isOver) {
          this.#options.onFailure(error);
          break;
        }
        try {
          if (await this.#restart(slot, error, isCrash || error.reason === "node-stuck")) continue;
          break;
        } catch (final) {
          this.#options.onFailure(StreamrackError.from(final));
          break;
        }
      }
    }
    // A restart that has failed leaves its task to the cancel that follows.
    await this.#resultOf(slot).catch(() => {});
    slot.state = "ended";
  }

  async #resultOf({ placed }: Slot): Promise<SegmentResult> {
    try {
      return await placed.result;
    } catch (error) {
      this.hasLostThread = true;
      throw error;
    }
  }

  /** Starts a segment again. Gives false if it has nothing left to do, and throws what the session fails with. */
  async #restart(slot: Slot, error: StreamrackError, isCrash: boolean): Promise<boolean> {
    slot.state = "down";
    const { restart, onCrash } = this.#options;
    const { segment } = slot.wiring;
    if (
      !isCrash || error.reason === "session-cancelled" || this.#cancelled !== undefined || segment.tier === "inline"
    ) throw error;
    // Whoever has meddled with our protocol is not given another chance.
    if (error.reason === "protocol-violation") throw error;
    onCrash(segment, error);
    if (!this.#isStarted) throw error;
    const nowMs = performance.now();
    while (nowMs - (this.#restartedMs[0] ?? nowMs) > restart.windowMs) this.#restartedMs.shift();
    if (this.#restartedMs.length >= restart.maxRestarts) throw exhausted(error, slot.restarts);
    this.#restartedMs.push(nowMs);
    await settledWithin(this.#whenCancelled, delayMs(restart, this.#restartedMs.length));
    // One after the other: each has to know which of its neighbours are there.
    const restarted = this.#restarting.then(() => this.#startAgain(slot, error));
    this.#restarting = restarted.catch(() => {});
    return await restarted;
  }

  async #startAgain(slot: Slot, error: StreamrackError): Promise<boolean> {
    if (this.#cancelled !== undefined) throw error;
    if (this.#isOver) return false;
    const rewired = await this.#rewiring.connect(slot.wiring.segment);
    if (rewired === undefined) return false;
    if (this.#cancelled !== undefined) {
      for (const { port } of rewired.links) port?.close();
      rewired.trunk.near.close();
      throw error;
    }
    // Nobody listens on its lines any more.
    slot.trunk?.near.close();
    slot.trunk = rewired.trunk;
    const { spec } = slot.wiring;
    slot.placed = this.#options.wiring.place({
      ...slot.wiring,
      spec: { ...spec, epoch: this.#options.epoch() },
      ...rewired,
    });
    slot.state = "running";
    slot.isDone = false;
    this.#awaitDone(slot);
    this.restarts += 1;
    // Before it is ready: whatever ends it until then is a crash of this restart.
    this.#options.onRestart(slot.wiring.segment, error, this.restarts);
    slot.restarts += 1;
    try {
      await readyWithin(this.#startPlaced(slot), this.#options.openTimeoutMs);
    } catch (thrown) {
      // That it has died again is told by its result.
      if (!StreamrackError.is(thrown) || !DEATHS.includes(thrown.reason)) throw thrown;
      return true;
    }
    // A flush that came while it started was not heard.
    slot.placed.flush(this.#options.epoch());
    return true;
  }

  async #startPlaced(slot: Slot): Promise<void> {
    const problems = this.#unwrap(slot, await slot.placed.start());
    if (problems.length > 0) throw manifestError(problems);
  }

  #unwrap<T>({ wiring }: Slot, outcome: Outcome<T>): T {
    if (outcome.ok) return outcome.value;
    const error = fromErrorEnvelope(outcome.error);
    throw this.#options.blame(error, wiring.segment, this.#cancelled !== undefined);
  }
}

/** Lets a segment that is done end; terminates it if it does not. */
async function seeOff(placed: PlacedSegment, killGraceMs: number): Promise<void> {
  const ended = placed.result.then(() => true, () => true);
  if (await settledWithin(ended, killGraceMs) === true) return;
  // It may be the host that stood still, and has not heard of the end.
  await messagesHeard();
  await placed.endWithin(killGraceMs);
}

/** The last crash, with how many there were before. */
function exhausted(error: StreamrackError, restarts: number): StreamrackError {
  if (restarts === 0) return error;
  const { code, nodeId, pluginName, problems, retryable, remedy, cause } = error;
  const detail = `${error.detail}; it had been started again ${restarts === 1 ? "once" : `${restarts} times`}`;
  return new StreamrackError(error.reason, detail, { code, nodeId, pluginName, problems, retryable, remedy, cause });
}
