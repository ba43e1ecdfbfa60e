/**
 * audio.mix: adds several sources up.
 *
 * @module
 */

import * as v from "valibot";
import { type AudioData, defineNode, type NodeSource, StreamrackError } from "../../core/plugin.ts";
import type { AudioNode } from "./audio_node.ts";
import { gainOf } from "./decibels.ts";
import { Mixer } from "./mixer.ts";
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
 * one sample rate and one channel count; formats may differ.
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
    const newMixer = () =>
      new Mixer({ sources, sync: params.sync, gainFor: ({ from = "" }) => gainOf(params.gainsDb[from] ?? 0) });
    let mixer = newMixer();
    let overflow: Overflow | undefined;

    function* emit(mixed: Iterable<AudioData>): Generator<AudioData> {
      for (const audio of mixed) yield* (overflow ??= OVERFLOWS[params.overflow](audio)).push(audio);
    }

    return {
      align: params.sync === "start" ? "duration" : "time",
      process: (audio, { source }) => emit(mixer.push(audio, source)),
      *flush() {
        yield* emit(mixer.finish());
        if (overflow !== undefined) yield* overflow.finish();
      },
      reset() {
        mixer = newMixer();
        overflow = undefined;
      },
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
