/**
 * `asr.openai`: writes down speech by an OpenAI-compatible service.
 *
 * @module
 */

import * as v from "valibot";
import type { JsonValue } from "../../core/plugin.ts";
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
import { listeningParams } from "./listening_params.ts";
import { SPEECH_RATE_HZ } from "./program/program.ts";
import { toSpeechSamples } from "./speech_audio.ts";
import { toOutput } from "./transcribe_in_chunks.ts";
import { toWav } from "./wav.ts";

/** Services take files of 25 MB: 13 minutes. */
const AUDIO_MAX_SECONDS = 780;
/** Nobody says so much in that time: a text that is longer has no end. */
const TEXT_MAX_CHARS = 100_000;

/** Parameters of `asr.openai`. */
const params = v.object({
  ...endpointParams,
  model: modelParam("gpt-4o-mini-transcribe"),
  language: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^[a-z]{2,3}(-[A-Za-z]+)*$/),
      v.description('What is spoken, such as "en". Default: the model finds out.'),
    ),
  ),
  prompt: v.optional(
    v.pipe(v.string(), v.maxLength(4096), v.description("Names and words that may come. Default: none.")),
  ),
  temperature: v.optional(
    v.pipe(
      v.number(),
      v.minValue(0),
      v.maxValue(1),
      v.description("Randomness, 0 to 1. Default: that of the service."),
    ),
  ),
  words: v.optional(
    v.pipe(
      v.boolean(),
      v.description("Ask for the times of words instead of a stream of text; not every model knows them."),
    ),
    false,
  ),
  ...listeningParams({ partialIntervalMs: 0 }),
});

/** What the events of a transcription stream hold, as far as they are read. */
const Event = v.object({
  type: v.optional(v.string()),
  delta: v.optional(v.string()),
  text: v.optional(v.string()),
  logprobs: v.optional(v.nullable(v.array(v.object({ logprob: v.number() })))),
});
/** What the answer with times holds. */
const Verbose = v.object({
  text: v.string(),
  language: v.optional(v.nullable(v.string())),
  words: v.optional(v.nullable(v.array(v.object({ word: v.string(), start: v.number(), end: v.number() })))),
});

/**
 * Sends an utterance to `audio/transcriptions` as a WAV file, and gives the
 * text as it is streamed: partial results hold all so far. With `words` it
 * asks for times instead, and gives one result with `words` in its metadata.
 *
 * @throws {StreamrackError} what the service answers: E400, E401, E404, E501, E504; `stream-broken` (E102) where the
 * stream ends before the text is complete.
 */
export const openaiTranscription: RunnerType<typeof params, undefined> = defineRunner({
  type: "asr.openai",
  summary: "Writes down speech by any OpenAI-compatible service, as the text comes.",
  vendor: "openai",
  capabilities: ["asr"],
  streaming: true,
  params,
  unavailable: keyProblem,
  async *run({ inputs: { audio } }, { params, ...context }): AsyncGenerator<RunnerOutput, RunnerOutput, void> {
    if (audio === undefined) throw runnerError("E400", "asr.openai takes audio");
    const samples = toSpeechSamples(audio, "asr.openai");
    const audioDurationMs = Math.round(samples.length / SPEECH_RATE_HZ * 1000);
    if (audioDurationMs > AUDIO_MAX_SECONDS * 1000) {
      throw runnerError("E400", `the audio is longer than ${AUDIO_MAX_SECONDS} s`, {
        remedy: 'Put vad.silero with mode "utterances" in front of it.',
      });
    }
    // Services refuse what is shorter than 0.1 s.
    if (audioDurationMs < 100) return { outputs: { text: "" }, metadata: { audioDurationMs, words: [] } };
    const endpoint = new Endpoint(params, context);
    const form = toForm(samples, params);
    if (params.words) return readVerbose(await endpoint.json("audio/transcriptions", form), audioDurationMs);
    let text = "";
    for await (const event of endpoint.events("audio/transcriptions", form)) {
      const { type, delta, text: whole, logprobs } = parse(Event, event);
      if (type === "transcript.text.done" || (type === undefined && whole !== undefined)) {
        const confidence = logprobs && meanProbability(logprobs);
        return {
          outputs: { text: (whole ?? text).trim() },
          metadata: { audioDurationMs, ...typeof confidence === "number" ? { confidence } : {} },
        };
      }
      if (delta === undefined) continue; // of a kind that is not known
      text += delta;
      if (text.length > TEXT_MAX_CHARS) {
        throw runnerError("E504", `the text is longer than ${TEXT_MAX_CHARS} characters`, { retryable: false });
      }
      yield { outputs: { text: text.trimStart() }, metadata: { audioDurationMs } };
    }
    throw runnerError("E102", "the stream ended before the text was complete");
  },
});

function toForm(samples: Int16Array, { model, language, prompt, temperature, words }: v.InferOutput<typeof params>) {
  const form = new FormData();
  form.set("file", new Blob([toWav(samples, SPEECH_RATE_HZ)], { type: "audio/wav" }), "speech.wav");
  form.set("model", model);
  if (language !== undefined) form.set("language", language.split("-")[0] as string);
  if (prompt !== undefined) form.set("prompt", prompt);
  if (temperature !== undefined) form.set("temperature", `${temperature}`);
  if (words) {
    form.set("response_format", "verbose_json");
    form.set("timestamp_granularities[]", "word");
  } else {
    form.set("response_format", "json");
    form.set("stream", "true");
  }
  return form;
}

function readVerbose(answer: JsonValue, audioDurationMs: number): RunnerOutput {
  const { text, language, words } = parse(Verbose, answer);
  const timed = (words ?? []).map(({ word, start, end }) => ({
    word,
    startMs: Math.round(start * 1000),
    endMs: Math.round(end * 1000),
  }));
  const transcript = { text: text.trim(), words: timed };
  return toOutput(transcript, language ? { audioDurationMs, languageDetected: language } : { audioDurationMs });
}

function parse<S extends v.GenericSchema>(schema: S, value: JsonValue): v.InferOutput<S> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  throw runnerError("E102", "the service answered in another form", {
    problems: result.issues.map((issue) => ({ path: v.getDotPath(issue) ?? "", message: issue.message })),
  });
}

function meanProbability(logprobs: readonly { readonly logprob: number }[]): number | undefined {
  if (logprobs.length === 0) return undefined;
  return Math.exp(logprobs.reduce((sum, { logprob }) => sum + logprob, 0) / logprobs.length);
}
