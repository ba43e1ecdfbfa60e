/**
 * Fan-in: how a node takes values from its incoming edges.
 *
 * @module
 */

import { durationUs } from "../data/audio.ts";
import type { Alignment } from "../node/contract.ts";
import type { Inlet } from "./inlet.ts";
import type { Item } from "./item.ts";
import { Pacer } from "./pacer.ts";

/** What a node is given at once: one item, or with alignment `"zip"` one of every edge. */
export interface Delivery {
  readonly edges: readonly Inlet[];
  readonly items: readonly Item[];
}

/** Picks the edges to take from next: none if it must wait. */
type Chooser = (edges: readonly Inlet[]) => readonly Inlet[];

/** Reads several edges as one stream. One reader at a time. */
export class FanIn {
  readonly #edges: readonly Inlet[];
  readonly #align: Alignment;
  readonly #pacer = new Pacer();
  #choose: Chooser;
  #waiter: { resolve(): void; reject(error: Error): void } | undefined;
  #failure: Error | undefined;

  constructor(edges: readonly Inlet[], align: Alignment) {
    this.#edges = edges;
    this.#align = align;
    this.#choose = CHOOSERS[align]();
    for (const edge of edges) edge.onChange = () => this.#wake();
  }

  /** Items that wait on all edges together. */
  get depth(): number {
    return this.#edges.reduce((sum, edge) => sum + edge.depth, 0);
  }

  /** The next delivery, or `undefined` when all edges have ended. Rejects after {@linkcode abort}. */
  async next(): Promise<Delivery | undefined> {
    const pause = this.#pacer.pass();
    if (pause !== undefined) await pause;
    for (let isArmed = false;; isArmed = !isArmed) {
      const edges = this.#chosen();
      const hasEnded = edges.length === 0 && this.#edges.every((edge) => edge.isDrained);
      // Looked for last, since a look at an edge may find it broken.
      if (this.#failure !== undefined) throw this.#failure;
      if (edges.length > 0) return { edges, items: edges.map((edge) => edge.take()) };
      if (hasEnded) return undefined;
      if (isArmed) await new Promise<void>((resolve, reject) => this.#waiter = { resolve, reject });
      else for (const edge of this.#edges) edge.arm();
    }
  }

  /** Drops what is of an earlier epoch on every edge; the alignment begins anew. */
  flushBefore(epoch: number): void {
    this.#choose = CHOOSERS[this.#align]();
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

  /** The choice. A look at one edge may tell of a flush, which empties the others: then it is made anew. */
  #chosen(): readonly Inlet[] {
    for (;;) {
      const choose = this.#choose;
      const edges = choose(this.#edges);
      if (choose === this.#choose) return edges;
    }
  }

  #wake(): void {
    const waiter = this.#waiter;
    this.#waiter = undefined;
    waiter?.resolve();
  }
}

const CHOOSERS: { readonly [A in Alignment]: () => Chooser } = {
  any: () => {
    // Round robin, so that a busy edge cannot starve the others.
    let next = 0;
    return (edges) => {
      for (let i = 0; i < edges.length; i++) {
        const at = (next + i) % edges.length;
        const edge = edges[at] as Inlet;
        if (edge.peek() === undefined) continue;
        next = at + 1;
        return [edge];
      }
      return [];
    };
  },
  zip: () => (edges) => {
    const open = edges.filter((edge) => !edge.isDrained);
    return open.every((edge) => edge.peek() !== undefined) ? open : [];
  },
  time: () => furthestBehind(({ data }) => data.timestampUs),
  duration: () => furthestBehind(() => undefined),
};

/** Where an edge goes on: where its next item says; else, or while that is awaited, where the last one ended. */
function furthestBehind(startUs: (item: Item) => number | undefined): Chooser {
  // Up to where each edge has delivered.
  const deliveredUs = new Map<Inlet, number>();
  const positionUs = (edge: Inlet) => {
    const item = edge.peek();
    return (item === undefined ? undefined : startUs(item)) ?? deliveredUs.get(edge) ?? 0;
  };
  return (edges) => {
    let behind: Inlet | undefined;
    for (const edge of edges) {
      if (edge.isDrained) continue;
      if (behind === undefined || positionUs(edge) < positionUs(behind)) behind = edge;
    }
    const item = behind?.peek();
    if (behind === undefined || item === undefined) return [];
    deliveredUs.set(behind, positionUs(behind) + mediaDurationUs(item));
    return [behind];
  };
}

/** Media time that an item covers. What has no duration counts one microsecond, so that sources take turns. */
function mediaDurationUs({ data }: Item): number {
  return data.type === "audio" ? durationUs(data) : 1;
}
