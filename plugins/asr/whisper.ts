/**
 * `asr.whisper`: writes down speech without a service, by whisper.cpp.
 *
 * @module
 */

import * as v from "valibot";
import type { RunnerType } from "../../runners/mod.ts";
import { whisperCpp } from "./engines/whisper.ts";
import { defineProgramRunner, pathParam, programParams } from "./program/program_runner.ts";
import type { Recognizer } from "./program/recognizer.ts";

/** Parameters of `asr.whisper`. */
const params = v.object({
  modelPath: pathParam("The model: a file in the ggml format, such as ggml-base.en.bin."),
  language: v.optional(
    v.pipe(v.string(), v.regex(/^([a-z]{2,3}|auto)$/), v.description('Two letters such as "en", or "auto".')),
    "auto",
  ),
  ...programParams,
});

/**
 * Writes down speech with the program `whisper-cli` of whisper.cpp, each word
 * with `startMs`, `endMs` and `confidence` in the metadata `words`.
 *
 * @throws {StreamrackError} `service-unavailable` (E501) without the program, `model-not-downloaded` (E500) without
 * the model; both say what to install. `inference-failed` (E101) if the program fails.
 */
export const whisperSpeech: RunnerType<typeof params, Recognizer> = defineProgramRunner({
  type: "asr.whisper",
  summary: "Writes down speech by whisper.cpp, which has to be installed, word by word with times.",
  vendor: "openai",
  params,
  program: whisperCpp,
});
