/**
 * `tts.openai`: speaks by an OpenAI-compatible service.
 *
 * @module
 */

import * as v from "valibot";
import { RuntimeData } from "../../core/plugin.ts";
import {
  defineRunner,
  Endpoint,
  endpointParams,
  keyProblem,
  modelParam,
  runnerError,
  type RunnerOutput,
  type RunnerType,
} from "../../runners/mod.ts";
import { SampleChunks } from "./sample_chunks.ts";

/** More than any service takes at once: none has to be asked. */
const TEXT_MAX_CHARS = 100_000;
/** Five minutes at 24 kHz are 14 MB. */
const ANSWER_MAX_BYTES = 256 << 20;
/** Slower than anything is spoken, in any language and at the lowest speed: what goes on for longer has no end. */
const CHARACTER_MAX_S = 10;
const PAUSES_MAX_S = 60;

/** Parameters of `tts.openai`. */
const params = v.object({
  ...endpointParams,
  model: modelParam("gpt-4o-mini-tts"),
  voice: v.optional(v.pipe(v.string(), v.minLength(1), v.description("Name of the voice.")), "alloy"),
  speed: v.optional(
    v.pipe(v.number(), v.minValue(0.25), v.maxValue(4), v.description("Rate of speech, 0.25 to 4.")),
    1,
  ),
  instructions: v.optional(
    v.pipe(v.string(), v.maxLength(4096), v.description("How to speak, for models that take it. Default: none.")),
  ),
  sampleRateHz: v.optional(
    v.pipe(
      v.number(),
      v.integer(),
      v.minValue(8000),
      v.maxValue(192_000),
      v.description("Rate of the samples that the service sends, in hertz, 8000 to 192000."),
    ),
    24_000,
  ),
  chunkMs: v.optional(
    v.pipe(
      v.number(),
      v.minValue(10),
      v.maxValue(10_000),
      v.description("Length of the pieces of audio, in milliseconds, 10 to 10000."),
    ),
    100,
  ),
});

/**
 * Speaks text, and gives the audio as it comes from the service: pieces of
 * `chunkMs`, mono, i16, all but the last marked as partial. Their metadata:
 * `chunkIndex`, `audioDurationMs` of all so far, `charactersTotal`, `voice`.
 *
 * @throws {StreamrackError} what the service answers: E400, E401, E404, E501, E504; `synthesis-failed` (E103) where it
 * sends no audio, E504 also where the audio does not end.
 */
export const openaiSpeech: RunnerType<typeof params, undefined> = defineRunner({
  type: "tts.openai",
  summary: "Speaks text by any OpenAI-compatible service, as the audio comes.",
  vendor: "openai",
  capabilities: ["tts"],
  streaming: true,
  params,
  unavailable: keyProblem,
  async *run({ inputs: { text = "" }, timestampUs }, { params, ...context }) {
    const { model, voice, speed, instructions, sampleRateHz: sampleRate, chunkMs } = params;
    const metadata = { voice, charactersTotal: text.length };
    if (text.trim() === "") return { outputs: {}, metadata };
    if (text.length > TEXT_MAX_CHARS) {
      throw runnerError("E400", `the text is longer than ${TEXT_MAX_CHARS} characters`, {
        remedy: "Put text.sentences in front of it.",
      });
    }
    const longestBytes = 2 * sampleRate * (PAUSES_MAX_S + CHARACTER_MAX_S * text.length);
    const endpoint = new Endpoint(params, context, { answerMaxBytes: Math.min(ANSWER_MAX_BYTES, longestBytes) });
    const body = { model, voice, speed, input: text, response_format: "pcm", ...instructions && { instructions } };
    const chunks = new SampleChunks(Math.round(sampleRate * chunkMs / 1000));
    let frames = 0;
    let chunkIndex = 0;
    const toOutput = (samples: Int16Array<ArrayBuffer>): RunnerOutput => {
      const startUs = timestampUs === undefined ? undefined : timestampUs + Math.round(frames / sampleRate * 1e6);
      frames += samples.length;
      const audioDurationMs = Math.round(frames / sampleRate * 1000);
      return {
        outputs: { audio: RuntimeData.audio({ samples, sampleRate, timestampUs: startUs }) },
        metadata: { ...metadata, chunkIndex: chunkIndex++, audioDurationMs },
      };
    };
    let isFirst = true;
    for await (const bytes of endpoint.bytes("audio/speech", body)) {
      if (isFirst) checkIsPcm(bytes);
      isFirst = false;
      for (const samples of chunks.push(bytes)) yield toOutput(samples);
    }
    const rest = chunks.flush();
    if (rest.length > 0) return toOutput(rest);
    throw runnerError("E103", "the service sent no audio");
  },
});

/** First bytes of what services send that take no notice of the format asked for. */
const OTHER_FORMATS = { RIFF: "WAV", ID3: "MP3", OggS: "Ogg", fLaC: "FLAC", '{"': "JSON", "<!": "HTML" } as const;

/** Played as samples, any of these would be a loud noise. */
function checkIsPcm(bytes: Uint8Array): void {
  const head = String.fromCharCode(...bytes.subarray(0, 4));
  const found = Object.entries(OTHER_FORMATS).find(([start]) => head.startsWith(start));
  if (found === undefined) return;
  throw runnerError("E103", `the service sent ${found[1]} instead of bare samples`, {
    remedy: 'Use a service, or a model, that knows the response_format "pcm".',
  });
}
