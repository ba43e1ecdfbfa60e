/** What the tests of rings and links share. */

import assert from "node:assert/strict";
import type { AudioData, AudioFormat } from "../../../core/data/types.ts";
import { byteLength } from "../../../core/data/transfer.ts";
import type { RuntimeData } from "../../../core/plugin.ts";
import type { Item } from "../../../core/flow/item.ts";
import type { RingRecord } from "../../../workers/link/ring.ts";
import type { Random } from "../../_support/random.ts";

const ARRAYS = { f32: Float32Array, i16: Int16Array, i32: Int32Array } as const;
export const FORMATS = ["f32", "i16", "i32"] as const satisfies readonly AudioFormat[];

/** Audio of exactly so many bytes (less what makes no whole sample), each value another. */
export function audioOf(
  bytes: number,
  options: { format?: AudioFormat; seed?: number; timestampUs?: number | undefined } = {},
): AudioData {
  const { format = "f32", seed = 1, timestampUs } = options;
  const Samples = ARRAYS[format];
  const samples = new Samples(Math.floor(bytes / Samples.BYTES_PER_ELEMENT));
  for (let i = 0; i < samples.length; i++) samples[i] = (seed * 31 + i * 7) % 30_011;
  const stamp = timestampUs === undefined ? {} : { timestampUs };
  return { type: "audio", samples, sampleRate: 8000 + seed, channels: 1, format, ...stamp } as AudioData;
}

export function itemOf(data: RuntimeData, sequence = 0, epoch = 0): Item {
  return { data, sequence, epoch, bytes: byteLength(data) };
}

/** Words of the state that each end of a ring keeps for the other. */
export const STATE = {
  writePosition: 0,
  recordsWritten: 1,
  bytesWritten: 2,
  readPosition: 16,
  recordsFreed: 17,
  bytesFreed: 18,
  readerAsleep: 32,
  writerAsleep: 48,
} as const;
export const STATE_BYTES = 256;

/** Checks that a record could have been written by an honest writer, as far as the ring itself vouches for it. */
export function assertPlausible({ data: audio, header, sequence, epoch }: RingRecord, capacity: number): void {
  assert.ok(Number.isSafeInteger(sequence) && sequence >= 0, `sequence ${sequence}`);
  assert.ok(Number.isSafeInteger(epoch) && epoch >= 0, `epoch ${epoch}`);
  if (header !== undefined) {
    const { format, channels, samplesBytes, timestampUs } = header;
    assert.ok(channels >= 1 && channels <= 255);
    assert.ok(samplesBytes >= 0 && samplesBytes % (channels * ARRAYS[format].BYTES_PER_ELEMENT) === 0);
    assert.ok(timestampUs === undefined || Number.isFinite(timestampUs));
  }
  if (audio === undefined) return;
  assert.ok(audio.samples instanceof ARRAYS[audio.format]);
  assert.ok(audio.samples.buffer instanceof ArrayBuffer, "samples lie in memory of their own");
  assert.ok(audio.samples.buffer.byteLength <= capacity);
  assert.ok(audio.channels >= 1 && audio.channels <= 255);
}

/** A word that is likely to hurt: small, at a limit, or anything. */
export function hostileWord(random: Random): number {
  const limits = [0, 1, -1, 4, 7, 8, 40, 47, 48, 49, 56, 512, 1016, 1024, 1025, 2048, 2 ** 31 - 1, -(2 ** 31)];
  return random.unit() < 0.6 ? random.pick(limits) : random.integer(-(2 ** 31), 2 ** 31 - 1);
}
