/**
 * The `morse` plugin: text becomes Morse code, as signs and as sound.
 *
 * It is plain JavaScript, so that it runs from node_modules on every runtime
 * without a build; editors check the types through the comments.
 *
 * @module
 */

// @ts-check
import { encode } from "@ozdemirburak/morse-code-translator";
import { defineNode, definePlugin, RuntimeData } from "@streamrack/core/plugin";
import * as v from "valibot";
import { MorseTone } from "./tone.js";

const code = defineNode({
  type: "morse.code",
  summary: "Writes text as Morse code: dots, dashes, and a slash between words.",
  inputs: { in: ["text"] },
  outputs: { out: ["text"] },
  create: () => ({
    process: (data) => RuntimeData.text(encode(data.text)),
  }),
});

const tone = defineNode({
  type: "morse.tone",
  summary: "Sounds text as Morse code, one chunk of audio per letter.",
  params: v.object({
    /** Speed by the PARIS convention. A dot lasts 1.2 s divided by it. */
    wordsPerMinute: v.optional(v.pipe(v.number(), v.minValue(5), v.maxValue(60)), 20),
    /** Pitch of the tone, in hertz. */
    frequencyHz: v.optional(v.pipe(v.number(), v.minValue(100), v.maxValue(3000)), 600),
    /** Sample rate of the audio, in hertz. */
    sampleRateHz: v.optional(v.pipe(v.number(), v.integer(), v.minValue(8000), v.maxValue(192000)), 16000),
  }),
  inputs: { in: ["text"] },
  outputs: { out: ["audio"] },
  create({ params }) {
    const sound = new MorseTone(params);
    return {
      // A generator: the first letter sounds before the last one is computed.
      *process(data) {
        for (const letter of encode(data.text).split(" ")) {
          yield RuntimeData.audio({ samples: sound.letter(letter), sampleRate: params.sampleRateHz, channels: 1 });
        }
      },
    };
  },
});

export default definePlugin({ name: "morse", version: "1.0.0", apiVersion: 1, nodes: [code, tone] });
