/**
 * `asr.pocketsphinx`: writes down speech without a service, by PocketSphinx.
 *
 * @module
 */

import * as v from "valibot";
import type { RunnerType } from "../../runners/mod.ts";
import { pocketSphinx } from "./engines/pocketsphinx.ts";
import { defineProgramRunner, pathParam, programParams } from "./program/program_runner.ts";
import type { Recognizer } from "./program/recognizer.ts";

/** Parameters of `asr.pocketsphinx`. */
const params = v.object({
  modelPath: v.optional(
    pathParam(
      "Folder of the model: en-us (acoustic), en-us.lm.bin (language) and cmudict-en-us.dict (words). Default: that of " +
        "Debian's package pocketsphinx-en-us.",
    ),
  ),
  ...programParams,
});

/**
 * Writes down English speech with the program `pocketsphinx_continuous`, each
 * word with `startMs`, `endMs` and `confidence` in the metadata `words`.
 *
 * It is a small recogniser of an older kind: it runs on anything, and
 * understands clear speech in quiet surroundings.
 *
 * @throws {StreamrackError} `service-unavailable` (E501) without the program, `model-not-downloaded` (E500) without
 * its model; both say what to install. `inference-failed` (E101) if the program fails.
 */
export const pocketsphinxSpeech: RunnerType<typeof params, Recognizer> = defineProgramRunner({
  type: "asr.pocketsphinx",
  summary: "Writes down English speech by PocketSphinx, which has to be installed, word by word with times.",
  vendor: "cmu",
  params,
  program: pocketSphinx,
});
