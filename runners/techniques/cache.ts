/**
 * Results that were expensive, kept for the same question.
 *
 * @module
 */

import { LRUCache } from "lru-cache";
import { orAbort } from "../or_abort.ts";

/** Bounds of a {@linkcode ResultCache}. */
export interface ResultCacheOptions<V> {
  /** Most bytes of all values together, from 1. A larger value is not kept. */
  readonly maxBytes: number;
  /** Bytes of one value, with its key. */
  readonly sizeOf: (value: V, key: string) => number;
}

/** A result that is being made, for somebody who may be cancelled. */
interface Making<V> {
  readonly result: Promise<V>;
  readonly signal: AbortSignal;
}

const NEVER = new AbortController().signal;

/** The latest results, by question. Of equal questions at the same time, one is answered, and its answer shared. */
export class ResultCache<V extends object> {
  readonly #values: LRUCache<string, V>;
  readonly #pending = new Map<string, Making<V>>();

  constructor({ maxBytes, sizeOf }: ResultCacheOptions<V>) {
    const sizeCalculation = (value: V, key: string) => Math.max(1, Math.ceil(sizeOf(value, key)));
    this.#values = new LRUCache({ maxSize: maxBytes, sizeCalculation });
  }

  /** Bytes of what is kept. */
  get bytes(): number {
    return this.#values.calculatedSize;
  }

  /** The result for a key. */
  get(key: string): V | undefined {
    return this.#values.get(key);
  }

  /** Keeps a result; the least recently used give way. */
  set(key: string, value: V): void {
    this.#values.set(key, value);
  }

  /**
   * The result for a key, made if it is not there. A failure is not kept; it is
   * that of all who wait for the same result, unless the one who makes it was
   * cancelled: then the next one makes it.
   *
   * @param signal Ends the waiting. `make` is to listen to it as well. Default: nothing does.
   */
  async getOrMake(key: string, make: () => Promise<V>, signal: AbortSignal = NEVER): Promise<V> {
    for (;;) {
      signal.throwIfAborted();
      const kept = this.#values.get(key);
      if (kept !== undefined) return kept;
      const underWay = this.#pending.get(key);
      if (underWay === undefined) break;
      try {
        return await orAbort(underWay.result, signal);
      } catch (thrown) {
        if (signal.aborted || !underWay.signal.aborted) throw thrown;
      }
    }
    const result = make();
    const making: Making<V> = { result, signal };
    this.#pending.set(key, making);
    try {
      const value = await result;
      this.#values.set(key, value);
      return value;
    } finally {
      if (this.#pending.get(key) === making) this.#pending.delete(key);
    }
  }
}
