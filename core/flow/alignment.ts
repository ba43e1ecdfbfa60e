/**
 * Alignments: which of the values that wait on several edges a node takes next.
 *
 * @module
 */

import { durationUs } from "../data/audio.ts";
import { copyData } from "../data/transfer.ts";
import type { Alignment } from "../node/contract.ts";
import type { Inlet } from "./inlet.ts";
import type { Item } from "./item.ts";

/** What a node is given at once: one item, or one of every edge. */
export interface Delivery {
  readonly edges: readonly Inlet[];
  readonly items: readonly Item[];
}

/** Takes what is next from several edges. */
export interface Aligner {
  /**
   * The next delivery, or nothing if it must wait for more.
   *
   * @param isCurrent Whether the aligner is still in use: a look at one edge may tell of a flush, which empties the
   * others. To be asked after the last look and before the first take.
   */
  next(edges: readonly Inlet[], isCurrent: () => boolean): Delivery | undefined;
}

/** Makes the aligner of each alignment. After a flush, a new one is made. */
export const ALIGNERS: { readonly [A in Alignment]: () => Aligner } = {
  any: roundRobin,
  zip: () => {
    // Where each edge began, so that the n-th of one meets the n-th of every other.
    const firsts = new Map<Inlet, number>();
    return matching((edge, { sequence }) => {
      if (!firsts.has(edge)) firsts.set(edge, sequence);
      return { start: sequence - (firsts.get(edge) as number), tolerance: 0 };
    });
  },
  "zip-timestamp": () => {
    const position = mediaClock(({ data }) => data.timestampUs);
    return matching((edge, item) => ({ start: position.of(edge), tolerance: toleranceUs(item) }), position.advance);
  },
  latest,
  time: () => furthestBehind(({ data }) => data.timestampUs),
  duration: () => furthestBehind(() => undefined),
};

/** One at a time, edge by edge in turn, so that a busy edge cannot starve the others. */
function roundRobin(): Aligner {
  let turn = 0;
  return {
    next(edges) {
      for (let i = 0; i < edges.length; i++) {
        const at = (turn + i) % edges.length;
        const edge = edges[at] as Inlet;
        if (edge.peek() === undefined) continue;
        turn = at + 1;
        return { edges: [edge], items: [edge.take()] };
      }
      return undefined;
    },
  };
}

/** Where an item stands among those of its edge, and how far from another it may be to belong to it. */
interface Place {
  readonly start: number;
  readonly tolerance: number;
}

/**
 * One of every edge that has not ended, all from the same place. What lies
 * before the latest of them has lost its partner, to a queue that dropped it,
 * say, and is dropped as well.
 */
function matching(placeOf: (edge: Inlet, item: Item) => Place, onTaken?: (edge: Inlet, item: Item) => void): Aligner {
  const take = (edge: Inlet) => {
    const item = edge.take();
    onTaken?.(edge, item);
    return item;
  };
  return {
    next(edges, isCurrent) {
      for (;;) {
        const open = edges.filter((edge) => !edge.isDrained);
        const heads = open.map((edge) => edge.peek());
        if (open.length === 0 || heads.includes(undefined) || !isCurrent()) return undefined;
        const places = open.map((edge, i) => placeOf(edge, heads[i] as Item));
        const latest = Math.max(...places.map(({ start }) => start));
        const tolerance = Math.min(...places.map(({ tolerance }) => tolerance));
        const behind = open.filter((_, i) => (places[i] as Place).start < latest - tolerance);
        if (behind.length === 0) return { edges: open, items: open.map(take) };
        for (const edge of behind) take(edge).lease?.release();
      }
    },
  };
}

/** Whatever comes, with the latest of every other edge; nothing until each has given one. */
function latest(): Aligner {
  const held = new Map<Inlet, Item>();
  const arrivals = roundRobin();
  return {
    next(edges, isCurrent) {
      for (;;) {
        const arrival = arrivals.next(edges, isCurrent);
        if (arrival === undefined) return undefined;
        const [edge] = arrival.edges as [Inlet];
        const [item] = arrival.items as [Item];
        // The node owns what it is given, so what is kept for later is a copy. Its input counts as done with by then,
        // and how often that was given before is no matter any more.
        const { lease, takenBefore: _, ...rest } = item;
        held.set(edge, { ...rest, data: copyData(item.data) });
        const given = edges.filter((other) => held.has(other));
        if (edges.some((other) => !held.has(other) && !other.isDrained)) {
          lease?.release();
          continue;
        }
        const items = given.map((other) => {
          if (other === edge) return item;
          const kept = held.get(other) as Item;
          return { ...kept, data: copyData(kept.data) };
        });
        return { edges: given, items };
      }
    },
  };
}

/** One at a time, from the edge that is furthest behind in media time. */
function furthestBehind(startUs: (item: Item) => number | undefined): Aligner {
  const clock = mediaClock(startUs);
  return {
    next(edges, isCurrent) {
      let behind: Inlet | undefined;
      for (const edge of edges) {
        if (edge.isDrained) continue;
        if (behind === undefined || clock.of(edge) < clock.of(behind)) behind = edge;
      }
      if (behind?.peek() === undefined || !isCurrent()) return undefined;
      const item = behind.take();
      clock.advance(behind, item);
      return { edges: [behind], items: [item] };
    },
  };
}

/** How far each edge is: where its next item says; else, or while that is awaited, where the last one ended. */
function mediaClock(startUs: (item: Item) => number | undefined) {
  const deliveredUs = new Map<Inlet, number>();
  const startOf = (edge: Inlet, item: Item | undefined) =>
    (item === undefined ? undefined : startUs(item)) ?? deliveredUs.get(edge) ?? 0;
  return {
    of: (edge: Inlet) => startOf(edge, edge.peek()),
    advance: (edge: Inlet, item: Item) => void deliveredUs.set(edge, startOf(edge, item) + mediaDurationUs(item)),
  };
}

/** Media time that an item covers. What has no duration counts one microsecond, so that sources take turns. */
function mediaDurationUs({ data }: Item): number {
  return data.type === "audio" ? durationUs(data) : 1;
}

/** Timestamps are the same where they differ by less than half a chunk, or a millisecond where there is no duration. */
function toleranceUs({ data }: Item): number {
  return data.type === "audio" ? durationUs(data) / 2 : 1_000;
}
