/**
 * Runs one node: takes its inputs one at a time, hands its outputs on, and
 * counts.
 *
 * The way of a value through here decides how many of them a thread can take:
 * what can be done at once is, without a promise for it.
 *
 * @module
 */

import { displayValue, type StreamrackError } from "../errors.ts";
import type { Delivery } from "../flow/alignment.ts";
import { isRingDue, ringNow } from "../flow/doorbells.ts";
import type { FanIn } from "../flow/fan_in.ts";
import { countMissing, type Inlet } from "../flow/inlet.ts";
import type { Item } from "../flow/item.ts";
import type { Outlet, OutletStamp } from "../flow/outlet.ts";
import type { NodeLog, StreamingNode } from "../node/contract.ts";
import type { NodeDescription } from "../node/describe.ts";
import { iteratorOf, takesTime } from "./answer.ts";
import { Attempts } from "./attempts.ts";
import { copyDelivery, NO_STAMP, stampOf, timesTaken } from "./delivery.ts";
import { DurationHistogram } from "./metrics.ts";
import { failureOf, flushed, wrongKind } from "./node_failure.ts";
import { NodeOutputs } from "./node_outputs.ts";
import { DEFAULT_POLICY, type NodePolicy } from "./policy.ts";
import { StepContext } from "./step_context.ts";
import type { StepWatch } from "./step_watch.ts";

/** What a {@linkcode NodeRunner} works with. */
export interface NodeRunnerOptions {
  readonly nodeId: string;
  readonly pluginName: string;
  readonly description: Pick<NodeDescription, "type" | "inputs" | "outputs">;
  readonly node: StreamingNode;
  readonly fanIn: FanIn;
  /** By output port. */
  readonly outlets: ReadonlyMap<string, Outlet>;
  readonly signal: AbortSignal;
  readonly log: NodeLog;
  /** Default: {@linkcode DEFAULT_POLICY}. */
  readonly policy?: NodePolicy | undefined;
  /** Told when the node begins and ceases to work on an input, for a watch from outside of the thread. */
  readonly watch?: StepWatch | undefined;
}

/** What a {@linkcode NodeRunner} counted. */
export interface NodeCounts {
  itemsIn: number;
  bytesIn: number;
  busyMs: number;
  /** Attempts that failed. */
  failures: number;
  /** Inputs that were left out since all attempts failed. */
  skipped: number;
}

/** Runs one node from its first input to its end. */
export class NodeRunner {
  readonly options: NodeRunnerOptions;
  readonly counts: NodeCounts = { itemsIn: 0, bytesIn: 0, busyMs: 0, failures: 0, skipped: 0 };
  readonly durations: DurationHistogram = new DurationHistogram();
  readonly outputs: NodeOutputs;
  readonly #isSingleIn: boolean;
  /** Carries the policy out, where it asks for more than one attempt without a deadline. */
  readonly #attempts: Attempts | undefined;
  #answer: AsyncIterator<unknown> | Iterator<unknown> | undefined;
  #startedMs = 0;
  #endedMs = 0;
  #waitedMs = 0;
  #waitsSinceMs: number | undefined;
  /** Epoch of the newest flush heard of. */
  #epoch = 0;
  /** Of the input in progress. */
  #stamp: OutletStamp = NO_STAMP;
  #stepAbort: AbortController | undefined;
  #mustReset = false;
  /** Whether the answer in progress is one to no input. */
  #isIdle = false;
  #disposal: Promise<void> | undefined;
  #aborted: Error | undefined;

  constructor(options: NodeRunnerOptions) {
    const { description, outlets, policy = DEFAULT_POLICY, signal } = options;
    this.options = options;
    this.outputs = new NodeOutputs(description.outputs, outlets);
    this.#isSingleIn = Object.keys(description.inputs).length === 1;
    if (policy === DEFAULT_POLICY) return;
    this.#attempts = new Attempts({
      policy,
      signal,
      elapsedMs: () => this.#elapsedMs(performance.now()),
      interrupt: (error) => this.#interrupt(error),
      onFailure: (error, next) => this.#noteFailure(error, next),
    });
  }

  /**
   * Processes every input, then flushes and ends the outputs.
   *
   * @throws {StreamrackError} `node-failed` with what the node threw as its cause; or the error of an abort.
   */
  async run(): Promise<void> {
    const { node, fanIn } = this.options;
    for (;;) {
      const pause = fanIn.pause(this.#endedMs - this.#startedMs);
      if (pause !== undefined) await pause;
      const taken = fanIn.take();
      const isAtOnce = !(taken instanceof Promise);
      if (!isAtOnce && node.idle !== undefined) await this.#idle(node, taken);
      const delivery = isAtOnce ? taken : await taken;
      if (delivery === undefined) break;
      // One look at the clock for each input, where they come without a break.
      this.#startedMs = isAtOnce && pause === undefined ? this.#endedMs : performance.now();
      const missing = this.#count(delivery);
      const stamp = stampOf(delivery);
      const step = this.#attempts === undefined
        ? this.#step(delivery, stamp, missing, 1 + timesTaken(delivery))
        : this.#attempt(this.#attempts, delivery, stamp, missing);
      if (step !== undefined) await step;
      // An answer that was asked to return has ended well, but short.
      if (this.#aborted !== undefined) throw this.#aborted;
      stamp.lease?.release();
    }
    if (node.flush !== undefined) await this.#flush(node);
    this.outputs.end();
  }

  /** Drops what is of an earlier epoch: what waits, and the answer in progress with all it still gives. */
  flushBefore(epoch: number): void {
    if (epoch <= this.#epoch) return;
    this.#epoch = epoch;
    this.#mustReset = true;
    this.options.fanIn.flushBefore(epoch);
    if (this.#stamp.epoch < epoch) this.#interrupt(flushed());
  }

  /** Stops waiting for input and for room, and asks the answer in progress to return. */
  abort(error: Error): void {
    this.#aborted ??= error;
    this.options.fanIn.abort(error);
    this.outputs.abort(error);
    this.#interrupt(error);
  }

  /** Calls the node's disposer, once; later calls wait for the same disposal. */
  dispose(): Promise<void> {
    return this.#disposal ??= (async () => {
      try {
        await this.options.node[Symbol.asyncDispose]?.();
      } catch (thrown) {
        throw this.#failure(thrown);
      }
    })();
  }

  #interrupt(error: Error): void {
    this.#attempts?.interrupt();
    this.#stepAbort?.abort(error);
    // An async generator that waits for something queues this; its `finally` runs when that something settles.
    try {
      Promise.resolve(this.#answer?.return?.()).catch(() => {});
    } catch {
      // A generator that is running right now cannot be asked; its next write rejects.
    }
  }

  async #attempt(attempts: Attempts, delivery: Delivery, stamp: OutletStamp, missing: number): Promise<void> {
    await attempts.run(timesTaken(delivery), (attempt, isLast) => {
      // The node owns what it is given and may have changed it, so all attempts but the last get copies.
      const given = isLast ? delivery : copyDelivery(delivery);
      this.#startedMs = performance.now();
      return this.#step(given, stamp, missing, attempt);
    }).catch((thrown) => {
      throw this.#failure(thrown);
    });
  }

  /** Gives the node one input. Where all that it does is done at once, nothing is awaited. */
  #step(delivery: Delivery, stamp: OutletStamp, missing: number, attempt: number): void | Promise<void> {
    if (!this.#begin(stamp)) return;
    try {
      this.#checkKinds(delivery);
      const context = new StepContext(delivery, missing, attempt, this.#stepSignal);
      const process = () => this.options.node.process(this.#input(delivery), context);
      const answer: unknown = this.#mustReset ? this.#reset().then(process) : process();
      return this.#give(answer);
    } catch (thrown) {
      return this.#fail(thrown);
    }
  }

  async #flush(node: StreamingNode): Promise<void> {
    this.#startedMs = performance.now();
    if (!this.#begin({ ...NO_STAMP, epoch: this.#epoch })) return;
    try {
      await this.#give(node.flush?.());
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  /** Hands on what the node gives of its own accord, until there is input, or none will come. */
  async #idle(node: StreamingNode, input: Promise<unknown>): Promise<void> {
    const { watch, signal } = this.options;
    this.#stamp = { ...NO_STAMP, epoch: this.#epoch };
    const abort = this.#stepAbort = new AbortController();
    let isOver = false;
    let isAtWork = false;
    const onInput = () => {
      if (isOver) return;
      // From here on it holds an input up, and is at work as far as deadlines go.
      isAtWork = true;
      watch?.begin();
      abort.abort();
    };
    input.then(onInput, onInput);
    this.#isIdle = true;
    try {
      if (this.#mustReset) await this.#reset();
      this.outputs.begin();
      await this.#giveInTime(node.idle?.(abort.signal), false);
    } catch (thrown) {
      // Whatever an interrupted answer throws is how it ends, not a failure.
      if (signal.aborted || !abort.signal.aborted) throw this.#failure(thrown);
    } finally {
      isOver = true;
      this.#isIdle = false;
      this.#stepAbort = undefined;
      if (isAtWork) watch?.end();
    }
    if (this.#aborted !== undefined) throw this.#aborted;
  }

  async #reset(): Promise<void> {
    this.#mustReset = false;
    await this.options.node.reset?.();
  }

  /** Begins with another input. False if it was flushed just after it was taken. */
  #begin(stamp: OutletStamp): boolean {
    this.#stamp = stamp;
    if (stamp.epoch < this.#epoch) return false;
    this.#waitedMs = 0;
    this.outputs.begin();
    this.options.watch?.begin();
    return true;
  }

  /** Ends with an input, and counts the time. */
  #end(): void {
    this.options.watch?.end();
    this.#stepAbort = undefined;
    this.#endedMs = performance.now();
    const busyMs = this.#elapsedMs(this.#endedMs);
    this.counts.busyMs += busyMs;
    this.durations.add(busyMs);
  }

  #fail(thrown: unknown): void {
    this.#end();
    // Whatever an interrupted answer throws is how it ends, not a failure.
    if (this.options.signal.aborted || this.#stamp.epoch >= this.#epoch) throw this.#failure(thrown);
  }

  #elapsedMs(nowMs: number): number {
    const waitsMs = this.#waitsSinceMs === undefined ? 0 : nowMs - this.#waitsSinceMs;
    return nowMs - this.#startedMs - this.#waitedMs - waitsMs;
  }

  /** Counts what was taken; gives how many values are missing before it. */
  #count({ edges, items }: Delivery): number {
    let missing = 0;
    for (let i = items.length - 1; i >= 0; i--) {
      const item = items[i] as Item;
      missing = countMissing(edges[i] as Inlet, item);
      this.counts.itemsIn += 1;
      this.counts.bytesIn += item.bytes;
    }
    return missing;
  }

  /** Where the plan saw `"any"`, the kind of each value is known only now. */
  #checkKinds({ edges, items }: Delivery): void {
    for (let i = 0; i < items.length; i++) {
      const { type } = (items[i] as Item).data;
      const { port, from } = (edges[i] as Inlet).source;
      const kinds = this.options.description.inputs[port];
      if (kinds === undefined || kinds.includes(type) || kinds.includes("any")) continue;
      throw wrongKind(port, type, kinds, from);
    }
  }

  #input({ edges, items }: Delivery): never {
    if (this.#isSingleIn) return items[0]?.data as never;
    return Object.fromEntries(edges.map((edge, i) => [edge.source.port, items[i]?.data])) as never;
  }

  readonly #stepSignal = (): AbortSignal => {
    if (this.#stepAbort === undefined) {
      this.#stepAbort = new AbortController();
      if (this.options.signal.aborted) this.#stepAbort.abort(this.options.signal.reason);
      else if (this.#stamp.epoch < this.#epoch) this.#stepAbort.abort(flushed());
    }
    return this.#stepAbort.signal;
  };

  /** Hands on whatever `process` answered with, and ends the step. */
  #give(answer: unknown): void | Promise<void> {
    if (takesTime(answer)) return this.#giveInTime(answer);
    const written = this.#write(answer);
    if (written !== undefined) return this.#giveInTime(written);
    this.#end();
  }

  /**
   * The same for a promise, an iterable or an async iterable.
   *
   * One function for both uses, since a second promise for each value would be felt.
   *
   * @param isStep Whether it answers an input, whose step it ends. Default: true.
   */
  async #giveInTime(answer: unknown, isStep = true): Promise<void> {
    try {
      const value: unknown = takesTime(answer) && "then" in answer ? await answer : answer;
      const iterator = takesTime(value) ? iteratorOf(value) : undefined;
      if (iterator === undefined) {
        await this.#write(value);
      } else {
        let isDone = false;
        this.#answer = iterator;
        try {
          while (!isDone) {
            const result = await iterator.next();
            if (typeof result !== "object" || result === null) {
              throw new TypeError(`the iterator's next() gave ${displayValue(result)}, not an object`);
            }
            isDone = result.done === true;
            if (isDone) break;
            if (this.#stamp.epoch < this.#epoch) break;
            const written = this.#write(result.value);
            if (written !== undefined) await written;
          }
        } finally {
          this.#answer = undefined;
          // The write failed, or a flush came: the generator stands at its yield and can clean up.
          if (!isDone) await iterator.return?.();
        }
      }
    } catch (thrown) {
      if (!isStep) throw thrown;
      return this.#fail(thrown);
    }
    if (isStep) this.#end();
  }

  #write(output: unknown): void | Promise<void> {
    if (this.#stamp.epoch < this.#epoch) return;
    const written = this.outputs.write(output, this.#stamp);
    // A node that takes its time must not let the next one sleep meanwhile.
    if (isRingDue() && this.#elapsedMs(performance.now()) > LONG_WORK_MS) ringNow();
    return written === undefined ? undefined : this.#waitFor(written);
  }

  async #waitFor(written: Promise<void>): Promise<void> {
    const watch = this.#isIdle ? undefined : this.options.watch;
    const sinceMs = this.#waitsSinceMs = performance.now();
    watch?.end();
    try {
      await written;
    } finally {
      this.#waitedMs += performance.now() - sinceMs;
      this.#waitsSinceMs = undefined;
      watch?.begin();
    }
  }

  #noteFailure(error: StreamrackError, next: "retry" | "skip" | "fail"): void {
    this.counts.failures += 1;
    if (next === "skip") this.counts.skipped += 1;
    if (next !== "fail") this.options.log.warn(`an input failed (${next}): ${error.message}`);
  }

  #failure(thrown: unknown): StreamrackError {
    return failureOf(thrown, this.options);
  }
}

/** From here on, in milliseconds, a node is expected to take long for its next output, too. */
const LONG_WORK_MS = 0.1;
