/**
 * The queue at the reading end of one edge.
 *
 * @module
 */

import { StreamrackError } from "../errors.ts";
import type { NodeSource } from "../node/contract.ts";
import { EdgeCounts } from "./edge_counts.ts";
import { Gate } from "./gate.ts";
import type { Inlet } from "./inlet.ts";
import type { FlowLimits, Item, ItemWriter } from "./item.ts";

/**
 * A bounded first-in-first-out queue with one reader. Writers in the same
 * thread wait at its gate; a link, whose writer has waited on the other side,
 * delivers with {@linkcode deliver} and learns of room through `onTaken`.
 */
export class EdgeQueue implements Inlet, ItemWriter {
  readonly source: NodeSource;
  readonly isRemote: boolean = false;
  readonly awaitsMessage: boolean = false;
  nextSequence = 0;
  onChange: () => void = () => {};
  onLaterEpoch: (epoch: number) => void = () => {};
  /** Called with the bytes of each item that the reader took; set by a link. */
  onTaken: ((bytes: number) => void) | undefined;

  readonly #limits: FlowLimits;
  readonly #counts: EdgeCounts;
  readonly #gate: Gate;
  #items: Item[] = [];
  #head = 0;
  #ended = false;
  #epoch = 0;

  /** @param counts Where its values, and the waits of its writers, are counted. */
  constructor(source: Omit<NodeSource, "ended">, limits: FlowLimits, counts: EdgeCounts = new EdgeCounts()) {
    const isDrained = () => this.isDrained;
    this.source = {
      ...source,
      get ended() {
        return isDrained();
      },
    };
    this.#limits = limits;
    this.#counts = counts;
    this.#gate = new Gate(limits, counts);
  }

  get depth(): number {
    return this.#items.length - this.#head;
  }

  /** Bytes of the items that wait. */
  protected get depthBytes(): number {
    return this.#items.slice(this.#head).reduce((sum, { bytes }) => sum + bytes, 0);
  }

  get isDrained(): boolean {
    return this.#ended && this.depth === 0;
  }

  write(item: Item): void | Promise<void> {
    return this.#gate.enter(item.bytes, () => this.#append(item));
  }

  /**
   * Takes an item whose writer has waited for room already. Throws if that is not so.
   *
   * @param inherited Items of an earlier writer that are not part of this one's window.
   */
  deliver(item: Item, inherited = 0): void {
    if (this.depth >= this.#limits.items + inherited) {
      throw new StreamrackError(
        "protocol-violation",
        `a link delivered more than the ${this.#limits.items} values allowed`,
      );
    }
    this.#append(item);
  }

  end(): void {
    this.#ended = true;
    this.onChange();
  }

  /** Takes the end back: another writer goes on. */
  protected resume(): void {
    this.#ended = false;
  }

  abort(error: Error): void {
    this.#gate.abort(error);
  }

  peek(): Item | undefined {
    return this.#items[this.#head];
  }

  take(): Item {
    const item = this.#items[this.#head] as Item;
    this.#items[this.#head] = RELEASED;
    this.#head += 1;
    if (this.#head === this.#items.length) {
      this.#items.length = 0;
      this.#head = 0;
    } else if (this.#head >= COMPACT_AT) {
      this.#items.splice(0, this.#head);
      this.#head = 0;
    }
    this.#release(item);
    return item;
  }

  /** Nothing to prepare: writers call `onChange` in any case. */
  arm(): void {}

  flushBefore(epoch: number): void {
    this.#epoch = Math.max(this.#epoch, epoch);
    // One writer never goes back in epochs, so what is old stands in front.
    for (let item = this.peek(); item !== undefined && item.epoch < this.#epoch; item = this.peek()) {
      this.take().lease?.release();
    }
  }

  #release({ bytes }: Item): void {
    this.#counts.taken(bytes);
    if (this.onTaken === undefined) this.#gate.leave(1, bytes);
    else this.onTaken(bytes);
  }

  #append(item: Item): void {
    if (item.epoch > this.#epoch) this.onLaterEpoch(item.epoch);
    if (item.epoch < this.#epoch) return this.drop(item);
    this.#items.push(item);
    this.onChange();
  }

  /** Drops an item that came too late to be queued. */
  protected drop(item: Item): void {
    this.#release(item);
    item.lease?.release();
  }
}

/** How many taken slots may stand at the front of the array before they are dropped in one go. */
const COMPACT_AT = 64;

/** Stands in a slot whose item was taken, so that the array does not keep its bytes alive. */
const RELEASED = undefined as unknown as Item;
