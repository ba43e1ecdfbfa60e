/**
 * `tts.flite`: speaks without a service, by Flite.
 *
 * @module
 */

import * as v from "valibot";
import { type JsonValue, RuntimeData } from "../../core/plugin.ts";
import { defineRunner, runnerError, type RunnerOutput, type RunnerType } from "../../runners/mod.ts";
import { SentenceSplitter } from "../text/splitter.ts";
import { FliteEngine, toPlainLetters, type Utterance } from "./flite/engine.ts";
import { FLITE_VOICE_NAMES } from "./flite/voices.ts";

/** Longer sentences are spoken in parts: the thread is busy while one is made. */
const SENTENCE_MAX_CHARS = 200;
const TEXT_MAX_CHARS = 100_000;
const SOUNDING = /[a-z0-9]/i;

/** Parameters of `tts.flite`. */
const params = v.object({
  voice: v.optional(
    v.pipe(
      v.picklist(FLITE_VOICE_NAMES),
      v.description("Who speaks: slt, a woman; rms, a man; awb, a Scotsman; kal16, the fastest; kal, in 8 kHz."),
    ),
    FLITE_VOICE_NAMES[0],
  ),
  speed: v.optional(
    v.pipe(
      v.number(),
      v.minValue(0.25),
      v.maxValue(4),
      v.description("Rate of speech, 0.25 to 4; 1 is that of the voice."),
    ),
    1,
  ),
});

/**
 * Speaks English, sentence by sentence: the first one can be heard before the
 * second one is made.
 *
 * Each sentence is one audio value, mono, i16, of 16 kHz (voice `kal`: 8 kHz),
 * all but the last marked as partial. Its metadata:
 *
 * - `sentence`, `sentenceIndex` (from 0) and `sentenceCount`;
 * - `charactersProcessed` and `charactersTotal`, in UTF-16 code units;
 * - `audioDurationMs` of this sentence, `totalAudioDurationMs` of all so far;
 * - `phones`: `{ phone, startMs, endMs }`, counted from the beginning of the
 *   sentence, in the notation of the CMU pronouncing dictionary;
 * - `voice`.
 *
 * Text without a letter or digit of ASCII gives no audio.
 *
 * @throws {StreamrackError} `invalid-data` (E400) for more than 100 000 characters, `model-load-failed` (E502) without
 * its packages, `synthesis-failed` (E103).
 */
export const flite: RunnerType<typeof params, FliteEngine> = defineRunner({
  type: "tts.flite",
  summary: "Speaks English text with one of five voices, without any service.",
  vendor: "cmu",
  capabilities: ["tts"],
  streaming: true,
  params,
  modelId: () => "flite",
  load: () => FliteEngine.load(),
  async *run({ inputs: { text = "" }, timestampUs }, { model, params: { voice, speed }, signal }) {
    const sentences = sentencesOf(text);
    let spokenMs = 0;
    let last: RunnerOutput = { outputs: {}, metadata: { voice, sentenceCount: 0 } };
    for (const [sentenceIndex, { sentence, end }] of sentences.entries()) {
      signal.throwIfAborted();
      const { samples, sampleRate, phones } = await speak(model, sentence, { voice, speed });
      const audioDurationMs = samples.length / sampleRate * 1000;
      const startUs = timestampUs === undefined ? undefined : timestampUs + Math.round(spokenMs * 1000);
      spokenMs += audioDurationMs;
      last = {
        outputs: { audio: RuntimeData.audio({ samples, sampleRate, timestampUs: startUs }) },
        metadata: {
          voice,
          sentence,
          sentenceIndex,
          sentenceCount: sentences.length,
          charactersProcessed: end,
          charactersTotal: text.length,
          audioDurationMs: Math.round(audioDurationMs),
          totalAudioDurationMs: Math.round(spokenMs),
          phones: phones as unknown as JsonValue,
        },
        progress: { progressPercent: 100 * end / text.length },
      };
      if (sentenceIndex < sentences.length - 1) yield last;
    }
    return last;
  },
});

/** The sentences that can be heard, and where in the text each of them ends. */
function sentencesOf(text: string): { readonly sentence: string; readonly end: number }[] {
  if (text.length > TEXT_MAX_CHARS) {
    throw runnerError("E400", "the text is too long to be spoken at once", {
      problems: [{
        path: "inputs.text",
        message: "is too long",
        received: `${text.length} characters`,
        expected: `at most ${TEXT_MAX_CHARS}`,
      }],
      remedy: "Put text.sentences in front of it.",
    });
  }
  const splitter = new SentenceSplitter({ maxChars: SENTENCE_MAX_CHARS });
  return [...splitter.push(text), ...splitter.flush()]
    .filter((sentence) => SOUNDING.test(toPlainLetters(sentence.text)))
    .map((sentence) => ({ sentence: sentence.text, end: sentence.start + sentence.text.length }));
}

async function speak(
  engine: FliteEngine,
  sentence: string,
  options: Parameters<FliteEngine["speak"]>[1],
): Promise<Utterance> {
  try {
    return await engine.speak(sentence, options);
  } catch (cause) {
    throw runnerError("E103", "Flite could not speak a sentence", {
      cause,
      problems: [{ path: "inputs.text", message: "cannot be spoken", received: sentence.slice(0, 80) }],
    });
  }
}
