/**
 * What the processing units of a graph have in common.
 *
 * A graph is computed in quanta of 64 frames, cut shorter where a note begins
 * or ends, so that notes are exact to the frame and the result does not depend
 * on how much a caller asks for at a time. Everything that a kernel needs is
 * allocated when it is made: `process` allocates nothing.
 *
 * @module
 */

/** Most frames that are computed at a time. */
export const QUANTUM = 64;

/** The signal between two kernels: one channel (then `right` is `left`) or two. */
export interface Bus {
  readonly channels: 1 | 2;
  readonly left: Float64Array;
  readonly right: Float64Array;
}

/** A silent bus. */
export function createBus(channels: 1 | 2): Bus {
  const left = new Float64Array(QUANTUM);
  return { channels, left, right: channels === 1 ? left : new Float64Array(QUANTUM) };
}

/** One processing unit. */
export interface Kernel {
  /** Computes the next frames of its output from those of its inputs. */
  process(frames: number): void;
  /** A note begins in the voice that it belongs to: forget the last one. */
  trigger?(): void;
  /** The note was let go. */
  release?(): void;
  /** Whether it still gives sound by itself, though the note was let go. Only asked of envelopes. */
  readonly isActive?: boolean;
  /** The second half of a kernel in a feedback loop: takes what its inputs have given by now. */
  write?(frames: number): void;
}

/** What a voice plays, for the kernels in it. */
export interface VoiceState {
  /** Frequency at the start and at the end of the frames being computed, in hertz: they differ during a glide. */
  fromHz: number;
  toHz: number;
  /** How hard the note was struck, 0 to 1. */
  velocity: number;
  /** Seed of what is random in this note. */
  seed: number;
}

/** How far the renderer has stepped down to keep up; shared by all kernels. */
export interface QualityState {
  /** Most unison parts of an oscillator. */
  maxUnison: number;
}
