/**
 * What is checked of the arguments of an AudioSegment, and read of them.
 *
 * @module
 */

import { displayValue, StreamrackError } from "../../core/errors.ts";

/** What the arguments are measured against. */
export interface SegmentForm {
  readonly sampleRate: number;
  readonly channels: number;
  readonly frames: number;
  readonly durationMs: number;
}

/** The error of an argument that an AudioSegment cannot use. */
export function badArgument(path: string, received: unknown, expected: string): StreamrackError {
  return new StreamrackError("invalid-options", "this cannot be done with an AudioSegment", {
    problems: [{ path, message: "is out of range", received: displayValue(received), expected }],
  });
}

/** @throws {StreamrackError} `invalid-options` unless it is a number of decibels. */
export function checkDecibels(path: string, gainDb: number): void {
  if (!Number.isFinite(gainDb)) throw badArgument(path, gainDb, "a number of decibels");
}

/** A length in milliseconds, at most that of the segment. @throws {StreamrackError} `invalid-options`. */
export function checkSpan(segment: SegmentForm, durationMs: number): number {
  if (!(durationMs >= 0)) throw badArgument("durationMs", durationMs, "at least 0");
  return Math.min(durationMs, segment.durationMs);
}

/**
 * The frame at a time, which counts from the end if it is negative, and never lies beyond the ends.
 *
 * @throws {StreamrackError} `invalid-options` for what is no number.
 */
export function frameAt({ frames, sampleRate }: SegmentForm, milliseconds: number, path: string): number {
  if (Number.isNaN(milliseconds)) throw badArgument(path, milliseconds, "a number of milliseconds");
  const frame = Math.round(milliseconds * sampleRate / 1000);
  return Math.min(frames, Math.max(0, frame < 0 ? frames + frame : frame));
}

/** @throws {StreamrackError} `invalid-data` if rates or channels differ. */
export function checkSameForm(segment: SegmentForm, other: SegmentForm): void {
  const problems = (["sampleRate", "channels"] as const).filter((key) => segment[key] !== other[key])
    .map((path) => ({ path, message: "differs", received: `${other[path]}`, expected: `${segment[path]}` }));
  if (problems.length === 0) return;
  throw new StreamrackError("invalid-data", "these segments have different forms", {
    problems,
    remedy: "Convert one of them: await segment.resample(hz), segment.withChannels(count).",
  });
}
