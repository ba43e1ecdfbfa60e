/**
 * The iteration over the outputs of a session.
 *
 * @module
 */

import type { Delivery } from "../core/flow/alignment.ts";
import type { FanIn } from "../core/flow/fan_in.ts";
import { countMissing, type Inlet } from "../core/flow/inlet.ts";
import type { Item } from "../core/flow/item.ts";
import type { SessionOutput } from "../core/pipeline/session.ts";

/** What an iteration needs of its session. */
export interface SessionOutputsOptions {
  readonly source: FanIn;
  /** Called by the first read. Throws if the session is read already. */
  open(): void;
  /** Called when the outputs have ended. Rejects with what the session failed with. */
  end(): Promise<void>;
  /** Called when the loop is left before the end, or fails. */
  leave(): Promise<void>;
}

/**
 * Behaves as an async generator would: reads queue up, an error is thrown
 * once, and after the end there is nothing more. It is none, since that takes
 * three promises for each value, where one is enough for a value that is there.
 */
export class SessionOutputs implements AsyncIterableIterator<SessionOutput, void> {
  readonly #options: SessionOutputsOptions;
  #state: "new" | "open" | "done" = "new";
  /** Reads that wait, and when the last of them has settled. */
  #waiting = 0;
  #last: Promise<void> = Promise.resolve();

  constructor(options: SessionOutputsOptions) {
    this.#options = options;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<SessionOutput, void>> {
    if (this.#waiting > 0) return this.#queue(() => this.#read());
    const result = this.#read();
    return result instanceof Promise ? this.#note(result) : Promise.resolve(result);
  }

  return(): Promise<IteratorResult<SessionOutput, void>> {
    return this.#queue(async () => {
      // Like that of a generator which has not started: the session can still be read.
      const isOpen = this.#state === "open";
      this.#state = "done";
      if (isOpen) await this.#options.leave();
      return END;
    });
  }

  #read(): IteratorResult<SessionOutput, void> | Promise<IteratorResult<SessionOutput, void>> {
    if (this.#state === "done") return END;
    try {
      if (this.#state === "new") this.#open();
      const taken = this.#options.source.next();
      if (taken !== undefined && !(taken instanceof Promise)) return toResult(taken);
      return this.#readLater(taken);
    } catch (thrown) {
      return this.#fail(thrown);
    }
  }

  #open(): void {
    // Until the session says yes, an error is no reason to leave it: it may be another's.
    this.#state = "done";
    this.#options.open();
    this.#state = "open";
  }

  async #readLater(taken: Promise<Delivery | undefined> | undefined): Promise<IteratorResult<SessionOutput, void>> {
    try {
      const delivery = await taken;
      if (delivery !== undefined) return toResult(delivery);
      await this.#options.end();
      this.#state = "done";
      return END;
    } catch (thrown) {
      return await this.#fail(thrown);
    }
  }

  async #fail(thrown: unknown): Promise<never> {
    const isOpen = this.#state === "open";
    this.#state = "done";
    if (isOpen) await this.#options.leave();
    throw thrown;
  }

  /** Runs an action behind what waits. */
  #queue<T>(action: () => T | Promise<T>): Promise<T> {
    return this.#note(this.#last.then(action));
  }

  /** Lets whatever comes next wait for this. */
  #note<T>(running: Promise<T>): Promise<T> {
    this.#waiting += 1;
    const settled = () => void (this.#waiting -= 1);
    this.#last = running.then(settled, settled);
    return running;
  }
}

const END: IteratorReturnResult<void> = { done: true, value: undefined };

function toResult({ edges, items }: Delivery): IteratorYieldResult<SessionOutput> {
  const edge = edges[0] as Inlet;
  const item = items[0] as Item;
  const missing = countMissing(edge, item);
  item.lease?.release();
  return {
    done: false,
    value: {
      nodeId: edge.source.from as string,
      port: edge.source.port,
      data: item.data,
      sequence: item.sequence,
      missing,
      isPartial: item.isPartial === true,
      progress: item.progress,
    },
  };
}
