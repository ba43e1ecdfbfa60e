/**
 * Stretches: what a node with a memory can treat as one continuous signal.
 *
 * @module
 */

import { type AudioData, type AudioFormat, frameCount } from "../../core/plugin.ts";

/**
 * How far a timestamp may stand from where the count of frames puts it before
 * it is taken as a gap. Wide enough for stamps that were rounded to
 * milliseconds, and for the jitter of capture clocks.
 */
export const GAP_TOLERANCE_US = 50_000;

/**
 * A run of audio of one sample rate, channel count and format, with the clock
 * that gives each of its frames a timestamp.
 *
 * The first timestamp is the anchor; from there frames are counted, so that
 * nothing drifts. A timestamp that differs by more than
 * {@linkcode GAP_TOLERANCE_US} is a gap, and the new anchor. Audio whose first
 * chunk has no timestamp has none at all, and no gaps.
 */
export class Stretch {
  readonly sampleRate: number;
  readonly channels: number;
  readonly format: AudioFormat;
  #frames = 0;
  #anchorFrame = 0;
  #anchorUs: number | undefined;

  constructor({ sampleRate, channels, format, timestampUs }: AudioData) {
    this.sampleRate = sampleRate;
    this.channels = channels;
    this.format = format;
    this.#anchorUs = timestampUs;
  }

  /** Frames appended so far. */
  get frames(): number {
    return this.#frames;
  }

  /** Whether a chunk has the sample rate, channel count and format of this stretch. */
  matches({ sampleRate, channels, format }: AudioData): boolean {
    return sampleRate === this.sampleRate && channels === this.channels && format === this.format;
  }

  /** Whether a chunk, appended now, would stand elsewhere in time than right behind the last. */
  isGap({ timestampUs }: AudioData): boolean {
    const expectedUs = this.#exactUs(this.#frames);
    if (expectedUs === undefined || timestampUs === undefined) return false;
    return Math.abs(timestampUs - expectedUs) > GAP_TOLERANCE_US;
  }

  /** Counts a chunk in. A gap moves the anchor, for the frames from here on. */
  append(audio: AudioData): void {
    if (this.isGap(audio)) {
      this.#anchorFrame = this.#frames;
      this.#anchorUs = audio.timestampUs;
    }
    this.#frames += frameCount(audio);
  }

  /**
   * When a frame since the last anchor sounds, rounded to a microsecond.
   *
   * @param frame Counted from the start of the stretch, at `sampleRate`.
   * @param sampleRate Default: that of the stretch.
   */
  timestampUs(frame: number, sampleRate: number = this.sampleRate): number | undefined {
    const exactUs = this.#exactUs(frame, sampleRate);
    return exactUs === undefined ? undefined : Math.round(exactUs);
  }

  #exactUs(frame: number, sampleRate = this.sampleRate): number | undefined {
    if (this.#anchorUs === undefined) return undefined;
    return this.#anchorUs + (frame / sampleRate - this.#anchorFrame / this.sampleRate) * 1e6;
  }
}

/** What works on one stretch. */
export interface StretchProcessor<T> {
  /** Takes the next chunk, which is its own, and gives what is ready. The chunk is counted in already. */
  push(audio: AudioData): Iterable<T>;
  /** Gives what is held back. Called once. */
  finish(): Iterable<T>;
}

/** How {@linkcode perStretch} divides a stream. */
export interface PerStretchOptions<T> {
  /** Begins a stretch, given its first chunk, which is pushed afterwards. */
  start(stretch: Stretch, first: AudioData): StretchProcessor<T> | Promise<StretchProcessor<T>>;
  /** Whether a gap in time ends a stretch, or only moves its clock. */
  readonly gaps: "split" | "join";
}

/** What {@linkcode perStretch} makes: the parts of a node, and the same for a whole source. */
export interface Stretches<T> {
  process(audio: AudioData): AsyncGenerator<T>;
  flush(): AsyncGenerator<T>;
  reset(): void;
  /** Everything that comes of a source. */
  all(source: AsyncIterable<AudioData> | Iterable<AudioData>): AsyncGenerator<T>;
}

/**
 * `process`, `flush` and `reset` of a node that handles each stretch of its
 * input for itself. After a reset the next chunk begins a stretch, and nothing
 * of the last one comes out.
 */
export function perStretch<T>({ start, gaps }: PerStretchOptions<T>): Stretches<T> {
  let current: { readonly stretch: Stretch; readonly processor: StretchProcessor<T> } | undefined;

  async function* flush(): AsyncGenerator<T> {
    const ending = current;
    current = undefined;
    if (ending !== undefined) yield* ending.processor.finish();
  }

  const stretches: Stretches<T> = {
    flush,
    reset() {
      current = undefined;
    },
    async *all(source) {
      for await (const audio of source) yield* stretches.process(audio);
      yield* flush();
    },
    async *process(audio) {
      const ends = current !== undefined &&
        (!current.stretch.matches(audio) || (gaps === "split" && current.stretch.isGap(audio)));
      if (ends) yield* flush();
      if (current === undefined) {
        const stretch = new Stretch(audio);
        current = { stretch, processor: await start(stretch, audio) };
      }
      const { stretch, processor } = current;
      stretch.append(audio);
      yield* processor.push(audio);
    },
  };
  return stretches;
}
