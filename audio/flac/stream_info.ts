/**
 * STREAMINFO: the block of a FLAC file that says what form it has (RFC 9639,
 * section 8.2).
 *
 * @module
 */

import { displayValue, type Problem } from "../../core/errors.ts";
import { SAMPLE_RATE_MAX_HZ } from "../../core/data/validate.ts";
import { unreadable } from "../codec/decoding.ts";

/** What the block says. */
export interface StreamInfo {
  readonly sampleRate: number;
  readonly channels: number;
  /** 4 to 32. */
  readonly bitsPerSample: number;
  /** `undefined`: unknown, as in a stream that was written to a pipe. */
  readonly totalFrames: number | undefined;
}

/** Bytes of the block, without its head. */
export const STREAMINFO_BYTES = 34;

/** Reads the block. @throws {StreamrackError} `invalid-media` for a form that cannot be read. */
export function parseStreamInfo(name: string, block: Uint8Array): StreamInfo {
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  // 20 bits of rate, 3 of channels - 1, 5 of depth - 1, 36 of length.
  const packed = view.getUint32(10);
  const sampleRate = packed >>> 12;
  const channels = (packed >>> 9 & 7) + 1;
  const bitsPerSample = (packed >>> 4 & 31) + 1;
  const totalFrames = (packed & 15) * 2 ** 32 + view.getUint32(14);
  const problems: Problem[] = [];
  if (sampleRate < 1 || sampleRate > SAMPLE_RATE_MAX_HZ) {
    const expected = `1 to ${SAMPLE_RATE_MAX_HZ} Hz`;
    problems.push({
      path: "STREAMINFO.sampleRate",
      message: "is not a sample rate",
      received: `${sampleRate} Hz`,
      expected,
    });
  }
  if (bitsPerSample < 4) {
    const received = displayValue(bitsPerSample);
    problems.push({ path: "STREAMINFO.bitsPerSample", message: "is not a depth", received, expected: "4 to 32" });
  }
  if (problems.length > 0) throw unreadable(name, "a FLAC file", ...problems);
  return { sampleRate, channels, bitsPerSample, totalFrames: totalFrames === 0 ? undefined : totalFrames };
}
