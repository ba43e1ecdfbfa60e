/**
 * The memory of rings, which is used again and again.
 *
 * @module
 */

import { setTimeout } from "node:timers";
import { clearRingMemory, createRingMemory, RING_CAPACITY_BYTES, type RingBytes, ringCapacityBytes } from "./ring.ts";
import { RING_STATE_BYTES } from "./ring_layout.ts";

const RING_BYTES = RING_STATE_BYTES + RING_CAPACITY_BYTES;
/** So that a slab takes 1 MB: allocators take less from what they have, and clear it, which takes every page. */
const RINGS_PER_SLAB = 8;

/**
 * How long after the word of its end a thread may write, in milliseconds. It runs no JavaScript by then, or was asked
 * to stop; so this is for what was under way.
 */
const LAST_STEP_MS = 5_000;

/** One piece of shared memory. */
interface Slab {
  readonly free: RingBytes[];
  /** Somebody may still write to one of its rings. */
  isSpoilt: boolean;
}

/**
 * Rings between two groups of plugins, or a group and the host.
 *
 * Garbage collectors do not feel how large shared memory is: rings that are
 * left to them lie about for long after a short session. Those of a pool go
 * from one session to the next, and the system gives no page of theirs before
 * a value is written there. Rings that are never given back are collected with
 * all that hangs on them.
 */
export class RingPool {
  readonly #lastStepMs: number;
  /** Those that have free rings. */
  readonly #slabs = new Set<Slab>();
  readonly #slabOf = new WeakMap<RingBytes, Slab>();

  constructor(lastStepMs: number = LAST_STEP_MS) {
    this.#lastStepMs = lastStepMs;
  }

  /**
   * A ring that nobody else has, with nothing in it.
   *
   * @param windowRecords How many records may be in flight. A ring for very many is made for this once.
   */
  take(windowRecords = 1): RingBytes {
    const capacityBytes = ringCapacityBytes(windowRecords);
    if (capacityBytes > RING_CAPACITY_BYTES) return createRingMemory(capacityBytes);
    const [slab = this.#grow()] = this.#slabs;
    // The last that was given back: its pages are there.
    const ring = slab.free.pop() as RingBytes;
    if (slab.free.length === 0) this.#slabs.delete(slab);
    clearRingMemory(ring);
    return ring;
  }

  /** Gives a ring back that nobody will touch any more. */
  giveBack(ring: RingBytes): void {
    const slab = this.#slabOf.get(ring);
    if (slab === undefined || slab.isSpoilt) return;
    slab.free.push(ring);
    this.#slabs.add(slab);
    const isSpare = slab.free.length === RINGS_PER_SLAB && this.#slabs.size > 1;
    if (isSpare) this.#slabs.delete(slab);
  }

  /** Gives a ring back whose thread has died, and may be at its last step. */
  giveBackLater(ring: RingBytes): void {
    setTimeout(() => this.giveBack(ring), this.#lastStepMs).unref();
  }

  /** Lets a ring go that somebody may go on to write to, where he likes. No ring of its slab is used again. */
  abandon(ring: RingBytes): void {
    const slab = this.#slabOf.get(ring);
    if (slab === undefined) return;
    slab.isSpoilt = true;
    this.#slabs.delete(slab);
  }

  #grow(): Slab {
    const buffer = new SharedArrayBuffer(RINGS_PER_SLAB * RING_BYTES);
    const free = Array.from(
      { length: RINGS_PER_SLAB },
      (_, i) => ({ buffer, byteOffset: i * RING_BYTES, byteLength: RING_BYTES }),
    );
    const slab: Slab = { free, isSpoilt: false };
    for (const ring of free) this.#slabOf.set(ring, slab);
    this.#slabs.add(slab);
    return slab;
  }
}

/** The pools of a runtime. */
export class RingPools {
  readonly #lastStepMs: number | undefined;
  readonly #pools = new Map<string, RingPool>();

  /** @param lastStepMs How long rings of a thread that has died are left alone, in milliseconds. */
  constructor(lastStepMs?: number) {
    this.#lastStepMs = lastStepMs;
  }

  /**
   * The pool for rings between two groups; `undefined` is the host. Different
   * pairs share no memory, so that a plugin sees none that others use.
   */
  between(one: string | undefined, other: string | undefined): RingPool {
    const key = JSON.stringify([one ?? null, other ?? null].sort());
    let pool = this.#pools.get(key);
    if (pool === undefined) this.#pools.set(key, pool = new RingPool(this.#lastStepMs));
    return pool;
  }
}
