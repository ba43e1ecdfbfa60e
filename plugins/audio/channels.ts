/**
 * audio.channels: changes the number of channels.
 *
 * @module
 */

import * as v from "valibot";
import { discreteMatrix, type MixingMatrix, speakerMatrix } from "../../audio/dsp/mixing_matrix.ts";
import { type AudioData, defineNode, frameCount, RuntimeData, StreamrackError } from "../../core/plugin.ts";
import type { AudioNode } from "./audio_node.ts";
import { choiceParam } from "./params.ts";
import { newSamples, sampleFitter } from "../../audio/dsp/samples.ts";

const MATRIX_MAKERS = { speakers: speakerMatrix, discrete: discreteMatrix } as const;

/**
 * Mixes to a number of channels, in the format of the input; integers round
 * and saturate. Audio that has as many channels already passes untouched,
 * unless there is a matrix.
 */
export const channels: AudioNode = defineNode({
  type: "audio.channels",
  summary: "Mixes audio up or down to a number of channels.",
  params: v.pipe(
    v.object({
      channels: v.pipe(
        v.number(),
        v.integer(),
        v.minValue(1),
        v.maxValue(255),
        v.description("Number of channels of the output, 1 to 255."),
      ),
      mode: choiceParam(
        '"speakers" mixes by where speakers stand (1 to 8 channels in the order of WAVE files: ' +
          "L R C LFE BL BR SL SR), with the gains of ITU-R BS.775, lowered so that nothing clips. " +
          '"discrete" copies channel by channel, leaves out what is too many, and adds silent ones.',
        ["speakers", "discrete"],
        "speakers",
      ),
      matrix: v.optional(v.pipe(
        v.array(v.array(v.pipe(v.number(), v.minValue(-1000), v.maxValue(1000)))),
        v.description(
          "Gains as factors, -1000 to 1000, one row for each output channel with one number for each input channel. Instead of mode.",
        ),
      )),
    }),
    v.check(
      ({ channels, matrix }) => matrix === undefined || matrix.length === channels,
      "matrix must have one row for each output channel",
    ),
  ),
  inputs: { in: ["audio"] },
  outputs: { out: ["audio"] },
  create({ params }) {
    let made: { readonly from: number; readonly matrix: MixingMatrix } | undefined;
    return {
      process(audio) {
        const from = audio.channels;
        if (from === params.channels && params.matrix === undefined) return audio;
        if (made?.from !== from) {
          const matrix = params.matrix ?? MATRIX_MAKERS[params.mode](from, params.channels);
          made = { from, matrix: fitting(matrix, from) };
        }
        return mix(audio, made.matrix);
      },
    };
  },
});

/** Returns the matrix if it takes that many input channels. @throws {StreamrackError} `invalid-data`. */
function fitting(matrix: MixingMatrix, inputChannels: number): MixingMatrix {
  const row = matrix.findIndex((gains) => gains.length !== inputChannels);
  if (row === -1) return matrix;
  const problem = {
    path: "channels",
    message: `does not fit params.matrix[${row}], which has ${matrix[row]?.length} gains`,
    received: `${inputChannels}`,
    expected: `${matrix[row]?.length}`,
  };
  throw new StreamrackError("invalid-data", "the matrix was not made for this audio", {
    problems: [problem],
    remedy: "Give each row of params.matrix as many gains as the input has channels.",
  });
}

function mix(audio: AudioData, matrix: MixingMatrix): AudioData {
  const { samples, channels: from, format } = audio;
  const to = matrix.length;
  const fit = sampleFitter(format);
  const mixed = newSamples(format, frameCount(audio) * to);
  matrix.forEach((gains, row) => {
    // A zero gain is no connection: it must not let NaN through.
    const taps = [...gains.entries()].filter(([, gain]) => gain !== 0);
    for (let read = 0, write = row; read < samples.length; read += from, write += to) {
      let sum = 0;
      for (const [channel, gain] of taps) sum += (samples[read + channel] as number) * gain;
      mixed[write] = fit(sum);
    }
  });
  return RuntimeData.audio({ ...audio, samples: mixed, channels: to });
}
