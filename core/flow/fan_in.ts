/**
 * Fan-in: how a node takes values from its incoming edges.
 *
 * @module
 */

import type { Alignment } from "../node/contract.ts";
import { type Aligner, ALIGNERS, type Delivery } from "./alignment.ts";
import { ringNow } from "./doorbells.ts";
import type { Inlet } from "./inlet.ts";
import { Pacer } from "./pacer.ts";
import { Vigil } from "./vigil.ts";

/** Says that there is nothing to take yet. */
const NOT_YET = Symbol("not yet");

/** Reads several edges as one stream. One reader at a time. */
export class FanIn {
  readonly #edges: readonly Inlet[];
  readonly #align: Alignment;
  readonly #pacer = new Pacer();
  /** For edges from other threads; within this one, whoever writes calls. */
  readonly #vigil: Vigil | undefined;
  #aligner: Aligner;
  #waiter: { resolve(): void; reject(error: Error): void } | undefined;
  #failure: Error | undefined;

  /** @param waitsAwake Whether a wait for another thread may begin with a {@linkcode Vigil}. Default: true. */
  constructor(edges: readonly Inlet[], align: Alignment, waitsAwake = true) {
    this.#edges = edges;
    this.#align = align;
    this.#aligner = ALIGNERS[align]();
    this.#vigil = waitsAwake && edges.some(({ isRemote }) => isRemote) ? new Vigil() : undefined;
    for (const edge of edges) edge.onChange = () => this.#wake();
  }

  /** Items that wait on all edges together. */
  get depth(): number {
    return this.#edges.reduce((sum, edge) => sum + edge.depth, 0);
  }

  /**
   * The next delivery, at once where one is there, or `undefined` when all
   * edges have ended; after a pause, if it is time for one. Rejects, or throws,
   * after {@linkcode abort}.
   */
  next(): Delivery | undefined | Promise<Delivery | undefined> {
    const pause = this.pause();
    return pause === undefined ? this.take() : pause.then(() => this.#wait());
  }

  /**
   * A pause to be made before the next delivery, if it is time for one: a cancel or a flush is heard in it.
   *
   * @param workedMs How long the work on the last delivery took, where that is known.
   */
  pause(workedMs?: number): void | Promise<void> {
    return this.#pacer.pass(workedMs);
  }

  /** The next delivery, as {@linkcode next}, but without a pause. */
  take(): Delivery | undefined | Promise<Delivery | undefined> {
    const taken = this.#take();
    return taken === NOT_YET ? this.#wait() : taken;
  }

  /** Drops what is of an earlier epoch on every edge; the alignment begins anew. */
  flushBefore(epoch: number): void {
    this.#aligner = ALIGNERS[this.#align]();
    for (const edge of this.#edges) edge.flushBefore(epoch);
    this.#wake();
  }

  /** Rejects the waiting read and every later one, and all who wait to write. */
  abort(error: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    for (const edge of this.#edges) edge.abort(error);
    this.#waiter?.reject(error);
    this.#waiter = undefined;
  }

  async #wait(): Promise<Delivery | undefined> {
    ringNow();
    const mustSleep = () => this.#edges.some(({ awaitsMessage }) => awaitsMessage);
    for (;;) {
      const look = () => (taken = this.#take()) !== NOT_YET;
      let taken: Delivery | undefined | typeof NOT_YET = this.#take();
      if (taken !== NOT_YET) return taken;
      const vigil = this.#vigil?.keep(look, mustSleep);
      if (vigil !== undefined) {
        await vigil;
        if (taken !== NOT_YET) return taken;
      }
      for (const edge of this.#edges) edge.arm();
      taken = this.#take();
      if (taken !== NOT_YET) return taken;
      await new Promise<void>((resolve, reject) => this.#waiter = { resolve, reject });
      this.#vigil?.wake();
    }
  }

  #take(): Delivery | undefined | typeof NOT_YET {
    if (this.#failure !== undefined) throw this.#failure;
    const delivery = this.#edges.length === 1 ? takeFrom(this.#edges as readonly [Inlet]) : this.#takeAligned();
    if (delivery !== undefined) return delivery;
    const hasEnded = this.#edges.every((edge) => edge.isDrained);
    // A look at an edge may have found it broken.
    if (this.#failure !== undefined) throw this.#failure;
    return hasEnded ? undefined : NOT_YET;
  }

  #takeAligned(): Delivery | undefined {
    for (;;) {
      const aligner = this.#aligner;
      const isCurrent = () => aligner === this.#aligner;
      const delivery = aligner.next(this.#edges, isCurrent);
      if (delivery !== undefined || isCurrent()) return delivery;
    }
  }

  #wake(): void {
    const waiter = this.#waiter;
    this.#waiter = undefined;
    waiter?.resolve();
  }
}

/** All alignments are the same for a single edge. */
function takeFrom(edges: readonly [Inlet]): Delivery | undefined {
  const [edge] = edges;
  return edge.peek() === undefined ? undefined : { edges, items: [edge.take()] };
}
