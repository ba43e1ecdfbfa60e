/**
 * audio.interleave and audio.deinterleave: mono streams become the channels of
 * one, and back.
 *
 * @module
 */

import * as v from "valibot";
import { Mixer } from "../../audio/dsp/mixer.ts";
import { splitChannels } from "../../audio/dsp/split_channels.ts";
import { type AudioData, defineNode, type Ports, StreamrackError } from "../../core/plugin.ts";
import type { AudioNode } from "./audio_node.ts";
import { choiceParam } from "./params.ts";

/** Ports of a node are named in its declaration, so their number is given. */
const CHANNELS_MAX = 8;

/**
 * Makes mono sources the channels of one stream, as f32, in the order of their
 * connections in the manifest. All must have one sample rate.
 *
 * Sources are placed by their timestamps, or start together. One that has
 * ended, or pauses, is silent. Metadata is not kept, since there are several
 * sources.
 */
export const interleave: AudioNode = defineNode({
  type: "audio.interleave",
  summary: "Makes mono sources the channels of one stream.",
  params: v.object({
    sync: choiceParam(
      '"timestamps" places sources by their timestamps; "start" lets all start together and ignores timestamps.',
      ["timestamps", "start"],
      "timestamps",
    ),
  }),
  inputs: { in: ["audio"] },
  outputs: { out: ["audio"] },
  align: "time",
  create({ params: { sync }, sources }) {
    const newMixer = () => new Mixer({ sources, sync, layout: "channels", gainFor: () => 1 });
    let mixer = newMixer();
    return {
      align: sync === "start" ? "duration" : "time",
      process: (audio, { source }) => mixer.push(audio, source),
      flush: () => mixer.finish(),
      reset: () => void (mixer = newMixer()),
    };
  },
});

const portOf = (channel: number) => `ch${channel + 1}`;
const outputs: Ports = Object.fromEntries(Array.from({ length: CHANNELS_MAX }, (_, i) => [portOf(i), ["audio"]]));

/**
 * Gives each channel as mono audio, in the format of the input, with its
 * timestamps and metadata: the first at port `ch1`, the last at most at `ch8`.
 */
export const deinterleave: AudioNode = defineNode({
  type: "audio.deinterleave",
  summary: "Gives each channel as a mono stream of its own.",
  inputs: { in: ["audio"] },
  outputs,
  create: () => ({
    process(audio: AudioData) {
      if (audio.channels > CHANNELS_MAX) {
        throw new StreamrackError("invalid-data", "there are more channels than ports", {
          problems: [{
            path: "channels",
            message: "are too many",
            received: `${audio.channels}`,
            expected: `1 to ${CHANNELS_MAX}`,
          }],
          remedy: "Put audio.channels in front.",
        });
      }
      return Object.fromEntries(splitChannels(audio).map((mono, channel) => [portOf(channel), mono]));
    },
  }),
});
