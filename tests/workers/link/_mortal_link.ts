/** A link whose ends die and are replaced, as the supervisor replaces them, with both ends in this thread. */

import assert from "node:assert/strict";
import { byteLength } from "../../../core/data/transfer.ts";
import { StreamrackError } from "../../../core/errors.ts";
import { FanIn } from "../../../core/flow/fan_in.ts";
import type { FlowLimits, Item } from "../../../core/flow/item.ts";
import { Lease } from "../../../core/flow/lease.ts";
import type { RuntimeData } from "../../../core/plugin.ts";
import type { LinkReader, LinkWriter } from "../../../workers/link/link.ts";
import { createLink, openLinkReader, openLinkWriter } from "../../../workers/link/open_link.ts";
import type { RingBytes } from "../../../workers/link/ring.ts";
import { LIMITS, turns } from "./_link_kit.ts";

const DEAD = new StreamrackError("worker-crashed", "the thread has died");

export interface MortalLinkOptions {
  readonly shared: boolean;
  readonly keeps: boolean;
  readonly limits?: FlowLimits;
}

/** One value that was read. */
export interface Delivered {
  readonly item: Item;
  /** Lets go of it. Does nothing once its reader has died. */
  release(): void;
}

/** A link with whoever writes to it and reads from it now. */
export class MortalLink {
  readonly violations: StreamrackError[] = [];
  readonly #options: Required<MortalLinkOptions>;
  readonly #ring: RingBytes | undefined;
  /** The port of the writer. */
  #port: MessagePort;
  writer: LinkWriter;
  reader: LinkReader;
  fanIn: FanIn;
  /** Whether an end that was to be replaced had nothing left to do. */
  isFinished = false;

  constructor({ shared, keeps, limits = LIMITS }: MortalLinkOptions) {
    this.#options = { shared, keeps, limits };
    const { writer, reader } = createLink({ shared });
    this.#ring = writer.ring;
    this.#port = writer.port;
    this.writer = openLinkWriter(writer, { limits, keeps });
    [this.reader, this.fanIn] = this.#openReader(reader.port, undefined);
  }

  /** Replaces the reader: what it had taken is not released any more. */
  async readerDies(): Promise<void> {
    this.reader.close();
    this.fanIn.abort(DEAD);
    const { port1, port2 } = new MessageChannel();
    const lostBefore = await this.writer.reconnect(port1);
    if (lostBefore === undefined) this.isFinished = true;
    else [this.reader, this.fanIn] = this.#openReader(port2, lostBefore);
  }

  /**
   * Replaces the writer. Gives the sequence number that the next value is to have.
   *
   * @param lastAct What it does just before it dies, on its port.
   */
  async writerDies(lastAct?: (port: MessagePort) => void): Promise<number | undefined> {
    lastAct?.(this.#port);
    // A port that is closed in this thread drops what it carries; that of a thread that dies does not.
    if (lastAct !== undefined) await turns();
    // What waits for room dies with it.
    this.writer.close();
    const { port1, port2 } = new MessageChannel();
    const nextSequence = await this.reader.reconnect(port1);
    if (nextSequence === undefined) {
      this.isFinished = true;
      return undefined;
    }
    const { limits, keeps } = this.#options;
    const end = { port: port2, ring: this.#ring, nextSequence };
    this.#port = port2;
    this.writer = openLinkWriter(end, { limits, keeps });
    assert.equal(this.writer.nextSequence, nextSequence);
    return nextSequence;
  }

  /** The next value, or nothing when the link has ended. */
  async read(): Promise<Delivered | undefined> {
    const { fanIn } = this;
    const delivery = await fanIn.next();
    const item = delivery?.items[0];
    if (item === undefined) return undefined;
    return {
      item,
      release: () => {
        if (fanIn === this.fanIn) item.lease?.release();
      },
    };
  }

  close(): void {
    this.writer.close();
    this.reader.close();
    this.fanIn.abort(DEAD);
  }

  #openReader(port: MessagePort, lostBefore: number | undefined): [LinkReader, FanIn] {
    const { limits, keeps } = this.#options;
    const end = { port, ring: this.#ring, lostBefore };
    const reader = openLinkReader(end, { port: "in", from: "n" }, { limits, keeps }, (error) => {
      this.violations.push(error);
      fanIn.abort(error);
    });
    const fanIn = new FanIn([reader], "any");
    reader.onLaterEpoch = (epoch) => fanIn.flushBefore(epoch);
    return [reader, fanIn];
  }
}

/** Whether a promise rejects only because the end that it hangs on has died. */
export function isDeath(error: unknown): boolean {
  return error === DEAD || StreamrackError.is(error) && error.reason === "session-closed";
}

/** An item with a lease that counts, for links that keep. */
export function leased(data: RuntimeData, sequence: number, onReleased: () => void): Item {
  return { data, sequence, epoch: 0, bytes: byteLength(data), lease: new Lease(onReleased) };
}
