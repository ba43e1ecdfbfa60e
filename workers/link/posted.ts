/**
 * What has come over the port of a ring link, and waits for its record to be
 * read: whole values, and samples of which the header stands in the ring.
 *
 * @module
 */

import type { AudioData, RuntimeData } from "../../core/data/types.ts";
import type { Item } from "../../core/flow/item.ts";
import type { Progress } from "../../core/node/progress.ts";
import { takeBallast } from "./ballast.ts";
import { violation } from "./link_errors.ts";
import { type AudioHeader, audioOf, type RingRecord } from "./ring.ts";

/** A value with the sequence number of its record, or samples, which have none. */
export type Posted = PostedValue | ArrayBuffer;

interface PostedValue {
  readonly sequence: number;
  readonly data: RuntimeData;
  readonly progress: Progress | undefined;
}

/** Everything is posted in the order of its records, so it is only ever the first that is asked for. */
export class PostedQueue {
  #waiting: Posted[] = [];
  /** How many of these, the first, are of a writer whose thread has died. */
  #inherited = 0;
  /** Held from the first samples on. */
  #ballast: ArrayBuffer | undefined;

  /** How many wait. */
  get size(): number {
    return this.#waiting.length;
  }

  add(posted: Posted): void {
    if (posted instanceof ArrayBuffer) this.#ballast ??= takeBallast();
    this.#waiting.push(posted);
  }

  /**
   * The item of a record, if what belongs to it is the first that waits.
   *
   * @param isInherited Whether a writer has written the record whose thread has died since.
   * @throws {StreamrackError} `protocol-violation`
   */
  take(record: RingRecord, isInherited: boolean): Item | undefined {
    const [posted] = this.#waiting;
    if (posted === undefined) return undefined;
    const { header, sequence, epoch, bytes, isPartial, takenBefore } = record;
    if (posted instanceof ArrayBuffer) {
      if (header === undefined || isInherited !== this.#inherited > 0) return undefined;
      this.#shift();
      return { data: joined(header, posted), sequence, epoch, bytes, isPartial, takenBefore };
    }
    if (header !== undefined || posted.sequence !== sequence) return undefined;
    this.#shift();
    const { data, progress } = posted;
    return { data, sequence, epoch, bytes, isPartial, takenBefore, progress };
  }

  /**
   * Says that the thread of the writer has died, which may have posted a value
   * and not come to write its record.
   *
   * @param nextSequence The sequence number behind that of the last record.
   */
  inherit(nextSequence: number): void {
    this.#waiting = this.#waiting.filter((posted) => posted instanceof ArrayBuffer || posted.sequence < nextSequence);
    this.#inherited = this.#waiting.length;
  }

  #shift(): void {
    this.#waiting.shift();
    if (this.#inherited > 0) this.#inherited -= 1;
  }
}

/** The audio of a header, with the samples that were posted for it. */
function joined(header: AudioHeader, samples: ArrayBuffer & { readonly resizable?: boolean }): AudioData {
  // What its sender could still resize is not the receiver's alone.
  if (samples.byteLength !== header.samplesBytes || samples.resizable === true) {
    throw violation("samples that are not those of their header");
  }
  return audioOf(header, samples);
}
