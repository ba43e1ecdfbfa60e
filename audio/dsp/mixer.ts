/**
 * Adds up several sources on one clock.
 *
 * @module
 */

import { type AudioData, frameCount, type NodeSource, RuntimeData, StreamrackError } from "../../core/plugin.ts";
import { finiteFloats } from "./samples.ts";
import { Stretch } from "./stretch.ts";

/** How a {@linkcode Mixer} places and weighs its sources. */
export interface MixerOptions {
  readonly sources: readonly NodeSource[];
  /** Factor for each source. */
  gainFor(source: NodeSource): number;
  /** Whether sources are placed by their timestamps, or all start together and have no gaps. */
  readonly sync: "timestamps" | "start";
  /** Whether sources are added up, or become the channels of the result one by one, each of them mono. Default: "sum". */
  readonly layout?: "sum" | "channels" | undefined;
}

/** How far sources may stand apart while one waits for another. */
const SKEW_MAX_SECONDS = 30;

/** Samples that stand at a place on the clock of the mix. */
interface Placed {
  readonly startFrame: number;
  readonly endFrame: number;
  readonly samples: Float32Array;
}

/** One source: what of it has not been mixed yet. */
class Track {
  readonly source: NodeSource;
  readonly gain: number;
  /** The channel of the result that its first channel goes to. */
  readonly offset: number;
  readonly waiting: Placed[] = [];
  stretch: Stretch | undefined;
  /** Where its next samples go, if they follow without a gap. `undefined` until it has delivered something. */
  endFrame: number | undefined;

  constructor(source: NodeSource, gain: number, offset: number) {
    this.source = source;
    this.gain = gain;
    this.offset = offset;
  }
}

/**
 * Mixes as far as every source is known that has not ended. Where no source
 * has anything there is a gap, not silence, so that a mix of one source is
 * that source.
 *
 * The engine delivers from the source that is furthest behind, so hardly more
 * than one chunk of each waits here.
 */
export class Mixer {
  readonly #sync: MixerOptions["sync"];
  readonly #layout: "sum" | "channels";
  readonly #tracks: ReadonlyMap<NodeSource, Track>;
  #form: { readonly sampleRate: number; readonly channels: number; readonly from: NodeSource } | undefined;
  /** The timestamp of frame 0. */
  #epochUs: number | undefined;
  /** The next frame to be mixed. Frames may be negative: frame 0 is the first that was delivered, not the earliest. */
  #cursor: number | undefined;

  constructor({ sources, gainFor, sync, layout = "sum" }: MixerOptions) {
    this.#sync = sync;
    this.#layout = layout;
    this.#tracks = new Map(sources.map((source, index) => {
      return [source, new Track(source, gainFor(source), layout === "sum" ? 0 : index)];
    }));
  }

  /**
   * Takes a chunk of a source, and gives what can be mixed now.
   *
   * @throws {StreamrackError} `invalid-data` if sources differ in sample rate or channels, or are too far apart.
   */
  *push(audio: AudioData, source: NodeSource): Generator<AudioData> {
    const track = this.#tracks.get(source) as Track;
    const form = this.#checkForm(audio, source);
    this.#place(track, audio);
    const live = [...this.#tracks.values()].filter((each) => !each.source.ended);
    yield* this.#mixUntil(Math.min(...live.map((each) => each.endFrame ?? -Infinity)));
    this.#checkSkew(track, form.sampleRate);
  }

  /** Gives the rest: whatever has ended is silent from there on. */
  *finish(): Generator<AudioData> {
    yield* this.#mixUntil(Math.max(...[...this.#tracks.values()].map((track) => track.endFrame ?? -Infinity)));
  }

  #checkForm(audio: AudioData, source: NodeSource): { readonly sampleRate: number } {
    if (this.#layout === "channels" && audio.channels !== 1) {
      throw new StreamrackError("invalid-data", "only mono audio becomes a channel", {
        problems: [{
          path: "channels",
          message: `are too many from ${nameOf(source)}`,
          received: `${audio.channels}`,
          expected: "1",
        }],
        remedy: "Put audio.deinterleave or audio.channels in front.",
      });
    }
    const form = this.#form ??= { sampleRate: audio.sampleRate, channels: audio.channels, from: source };
    const problems = (["sampleRate", "channels"] as const).filter((key) => audio[key] !== form[key]).map((key) => ({
      path: key,
      message: `differs between ${nameOf(form.from)} and ${nameOf(source)}`,
      received: `${audio[key]}`,
      expected: `${form[key]}`,
    }));
    if (problems.length === 0) return form;
    throw new StreamrackError("invalid-data", "only audio of one sample rate and channel count can be mixed", {
      problems,
      remedy: "Put audio.resample or audio.channels in front.",
    });
  }

  #place(track: Track, audio: AudioData): void {
    const stretch = track.stretch ??= new Stretch(audio);
    const startFrame = this.#startOf(track, stretch, audio);
    stretch.append(audio);
    const endFrame = startFrame + frameCount(audio);
    track.endFrame = endFrame;
    if (endFrame > startFrame) track.waiting.push({ startFrame, endFrame, samples: finiteFloats(audio) });
  }

  /** Frames are counted on from the last chunk, so that rounded timestamps tear no holes; only a gap is looked up. */
  #startOf(track: Track, stretch: Stretch, audio: AudioData): number {
    const { timestampUs, sampleRate } = audio;
    if (this.#sync === "start") return track.endFrame ?? 0;
    if (track.endFrame !== undefined && !stretch.isGap(audio)) return track.endFrame;
    // Time never goes back: what claims to is put right behind what came before.
    const earliest = Math.max(track.endFrame ?? -Infinity, this.#cursor ?? -Infinity);
    if (timestampUs === undefined) return Math.max(0, earliest);
    this.#epochUs ??= timestampUs;
    return Math.max(Math.round((timestampUs - this.#epochUs) * sampleRate / 1e6), earliest);
  }

  #checkSkew({ source, waiting }: Track, sampleRate: number): void {
    const [first] = waiting;
    // One chunk may be as long as it likes.
    if (first === undefined || waiting.length === 1) return;
    const seconds = ((waiting.at(-1)?.endFrame ?? 0) - Math.min(first.startFrame, this.#cursor ?? Infinity)) /
      sampleRate;
    if (seconds <= SKEW_MAX_SECONDS) return;
    throw new StreamrackError("invalid-data", "the sources of this mix are too far apart in time", {
      problems: [{
        path: "timestampUs",
        message: `${nameOf(source)} is ahead of another source`,
        received: `${seconds.toFixed(1)} s`,
        expected: `at most ${SKEW_MAX_SECONDS} s`,
      }],
      remedy: 'If their timestamps have nothing to do with each other, set params.sync to "start".',
    });
  }

  *#mixUntil(endFrame: number): Generator<AudioData> {
    for (;;) {
      const starts = [...this.#tracks.values()].flatMap(({ waiting: [first] }) => first?.startFrame ?? []);
      if (starts.length === 0) return;
      const cursor = Math.max(this.#cursor ?? -Infinity, Math.min(...starts));
      if (cursor >= endFrame) return;
      // A long chunk is mixed in pieces of a second, so that memory does not follow its length.
      const pieceEnd = Math.min(endFrame, cursor + Math.ceil(this.#form?.sampleRate ?? 0));
      const end = this.#coveredUntil(cursor, pieceEnd);
      yield this.#mix(cursor, end);
    }
  }

  /** How far on from a frame there is always something to mix. */
  #coveredUntil(startFrame: number, limit: number): number {
    let end = startFrame;
    for (let previous = -Infinity; end > previous && end < limit;) {
      previous = end;
      for (const { waiting } of this.#tracks.values()) {
        for (const placed of waiting) if (placed.startFrame <= end) end = Math.max(end, placed.endFrame);
      }
    }
    return Math.min(end, limit);
  }

  #mix(startFrame: number, endFrame: number): AudioData {
    const { sampleRate, channels: channelsIn } = this.#form as { sampleRate: number; channels: number };
    const channels = this.#layout === "sum" ? channelsIn : this.#tracks.size;
    const step = channels / channelsIn; // 1, unless each source is a channel
    const sum = new Float64Array((endFrame - startFrame) * channels);
    for (const { waiting, gain, offset } of this.#tracks.values()) {
      for (const placed of waiting) {
        const from = Math.max(startFrame, placed.startFrame);
        const length = (Math.min(endFrame, placed.endFrame) - from) * channelsIn;
        const read = (from - placed.startFrame) * channelsIn;
        for (let i = 0, at = (from - startFrame) * channels + offset; i < length; i++, at += step) {
          sum[at] = (sum[at] as number) + (placed.samples[read + i] as number) * gain;
        }
      }
      while (waiting[0] !== undefined && waiting[0].endFrame <= endFrame) waiting.shift();
    }
    this.#cursor = endFrame;
    const timestampUs = this.#epochUs === undefined
      ? undefined
      : Math.round(this.#epochUs + startFrame / sampleRate * 1e6);
    return RuntimeData.audio({ samples: Float32Array.from(sum), sampleRate, channels, timestampUs });
  }
}

/** How a source is called in messages. */
export function nameOf({ from }: NodeSource): string {
  return from === undefined ? "the input of the session" : `"${from}"`;
}
