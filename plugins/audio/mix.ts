/**
 * audio.mix: adds several sources up.
 *
 * @module
 */

import * as v from "valibot";
import { type AudioData, defineNode, type NodeSource, StreamrackError } from "../../core/plugin.ts";
import type { AudioNode } from "./audio_node.ts";
import { gainOf } from "../../audio/dsp/decibels.ts";
import { Mixer } from "../../audio/dsp/mixer.ts";
import { type Resampling, resampling } from "../../audio/dsp/resample.ts";
import { choiceParam } from "./params.ts";
import { PeakGain } from "./peak_gain.ts";

const LIMITER_LOOKAHEAD_MS = 5;
const LIMITER_RISE_DB_PER_SECOND = 60;

/** What becomes of a sum: gives what is ready, given the next of it; at the end, what is left. */
interface Overflow {
  push(audio: AudioData): readonly AudioData[];
  finish(): readonly AudioData[];
}

const OVERFLOWS: { readonly [name in "keep" | "clip" | "limit"]: (first: AudioData) => Overflow } = {
  keep: () => ({ push: (audio) => [audio], finish: () => [] }),
  clip: () => ({ push: (audio) => [clip(audio)], finish: () => [] }),
  limit: ({ sampleRate, channels }) =>
    new PeakGain(channels, {
      targetPeak: 1,
      maxGain: 1,
      lookaheadFrames: Math.max(1, Math.round(sampleRate * LIMITER_LOOKAHEAD_MS / 1000)),
      risePerFrame: gainOf(LIMITER_RISE_DB_PER_SECOND / sampleRate),
      gatePeak: 0,
    }),
};

/**
 * Adds up all sources of its port, each with its gain, as f32. All must have
 * one channel count, and one sample rate unless they are converted to one;
 * formats may differ.
 *
 * Sources are placed by their timestamps, or start together. One that has
 * ended, or pauses, is silent until the last has ended; where all pause the
 * timestamps of the mix have the same gap. Metadata is not kept, since a mix
 * has several sources. NaN and infinities count as 0. Sources may stand apart
 * by 30 s at most. A flush of the session begins another mix, of what each
 * source brings from there on.
 */
export const mix: AudioNode = defineNode({
  type: "audio.mix",
  summary: "Adds several sources up, aligned in time.",
  params: v.object({
    gainsDb: v.optional(
      v.pipe(
        v.record(v.string(), v.pipe(v.number(), v.minValue(-120), v.maxValue(60))),
        v.description(
          'Gain in decibels, -120 to 60, by the id of the node that a source comes from; "" is the input of the ' +
            "session. What is not named has 0 dB.",
        ),
      ),
      {},
    ),
    sync: choiceParam(
      '"timestamps" places sources by their timestamps; "start" lets all start together and ignores timestamps.',
      ["timestamps", "start"],
      "timestamps",
    ),
    sampleRateHz: v.optional(v.pipe(
      v.number(),
      v.integer(),
      v.minValue(1000),
      v.maxValue(768_000),
      v.description(
        "Converts every source to this rate first, in whole hertz, 1000 to 768000. Default: all must have one rate.",
      ),
    )),
    overflow: choiceParam(
      'What becomes of sums beyond full scale: "keep" leaves them (floats can hold them), "clip" cuts them off, ' +
        '"limit" turns down in time, with 5 ms of look-ahead.',
      ["keep", "clip", "limit"],
      "keep",
    ),
  }),
  inputs: { in: ["audio"] },
  outputs: { out: ["audio"] },
  align: "time",
  create({ params, sources }) {
    checkNames(params.gainsDb, sources);
    const { sampleRateHz } = params;
    // One for each source that has delivered, as long as it holds something back.
    const resamplings = new Map<NodeSource, Resampling>();
    // To the mixer a source goes on until all of it has come: it does not wait for those that have ended.
    const tracks = new Map<NodeSource, NodeSource>(sources.map((source) => [source, {
      port: source.port,
      from: source.from,
      get ended() {
        return source.ended && !resamplings.has(source);
      },
    }]));
    const newMixer = () =>
      new Mixer({
        sources: [...tracks.values()],
        sync: params.sync,
        gainFor: ({ from = "" }) => gainOf(params.gainsDb[from] ?? 0),
      });
    let mixer = newMixer();
    let overflow: Overflow | undefined;
    const mixIn = (audio: AudioData, source: NodeSource) => emit(mixer.push(audio, tracks.get(source) as NodeSource));

    /** What is ready of a source in the rate of the mix. */
    async function* fitting(audio: AudioData, source: NodeSource): AsyncGenerator<AudioData> {
      if (sampleRateHz === undefined) return void (yield audio);
      let parts = resamplings.get(source);
      if (parts === undefined) resamplings.set(source, parts = resampling({ sampleRateHz }));
      yield* parts.process(audio);
    }

    /** The rest of the sources that have ended. */
    async function* endings(areAll: boolean): AsyncGenerator<AudioData> {
      for (const [source, parts] of resamplings) {
        if (!areAll && !source.ended) continue;
        for await (const rest of parts.flush()) yield* mixIn(rest, source);
        resamplings.delete(source);
        await parts[Symbol.asyncDispose]();
      }
    }

    async function dispose(): Promise<void> {
      const left = [...resamplings.values()];
      resamplings.clear();
      await Promise.all(left.map((parts) => parts[Symbol.asyncDispose]()));
    }

    function* emit(mixed: Iterable<AudioData>): Generator<AudioData> {
      for (const audio of mixed) yield* (overflow ??= OVERFLOWS[params.overflow](audio)).push(audio);
    }

    return {
      align: params.sync === "start" ? "duration" : "time",
      async *process(audio, { source }) {
        for await (const part of fitting(audio, source)) yield* mixIn(part, source);
        yield* endings(false);
      },
      async *flush() {
        yield* endings(true);
        yield* emit(mixer.finish());
        if (overflow !== undefined) yield* overflow.finish();
      },
      async reset() {
        mixer = newMixer();
        overflow = undefined;
        await dispose();
      },
      [Symbol.asyncDispose]: dispose,
    };
  },
});

/** A gain for a source that does not exist is a slip of the pen. @throws {StreamrackError} `invalid-params`. */
function checkNames(gainsDb: { readonly [from: string]: number }, sources: readonly NodeSource[]): void {
  const names = sources.map(({ from = "" }) => from);
  const unknown = Object.keys(gainsDb).filter((name) => !names.includes(name));
  if (unknown.length === 0) return;
  throw new StreamrackError("invalid-params", "there are gains for sources that do not exist", {
    problems: unknown.map((name) => ({
      path: "params.gainsDb",
      message: "names no source of this node",
      received: JSON.stringify(name),
      expected: names.map((each) => JSON.stringify(each)).join(", "),
    })),
  });
}

function clip(audio: AudioData): AudioData {
  const { samples } = audio;
  for (let i = 0; i < samples.length; i++) samples[i] = Math.max(-1, Math.min(1, samples[i] as number));
  return audio;
}
