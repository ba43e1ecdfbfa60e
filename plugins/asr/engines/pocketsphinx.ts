/**
 * PocketSphinx, the small recogniser of Carnegie Mellon University: its
 * command `pocketsphinx_continuous`, of the versions before 5.
 *
 * @module
 */

import { join } from "node:path";
import { readEnv } from "../../../runners/mod.ts";
import type { SpeechProgram } from "../program/program.ts";
import { SPEECH_RATE_HZ } from "../program/program.ts";
import { NO_TRANSCRIPT, type Transcript, type Word } from "../transcript.ts";

/** Where Debian's package has the English model. */
const DEBIAN_MODEL = "/usr/share/pocketsphinx/model/en-us";
const INSTALL = "On Debian and Ubuntu: apt-get install pocketsphinx pocketsphinx-en-us";
/** Names of the files within the folder of a model. */
const FILES = { acoustic: "en-us", language: "en-us.lm.bin", dictionary: "cmudict-en-us.dict" };
/** A line such as `to(2) 0.610 0.730 0.780806`. */
const WORD_LINE = /^(\S+) (\d+\.\d+) (\d+\.\d+) (\d+(?:\.\d+)?(?:e-?\d+)?)$/;
/** Silence, noises, and the beginning and end of the utterance. */
const FILLER = /^(<.*>|\[.*\]|\+\+.*\+\+)$/;

/** PocketSphinx with a model of its own, or the English one of Debian. */
export function pocketSphinx({ modelPath = DEBIAN_MODEL }: { readonly modelPath?: string | undefined }): SpeechProgram {
  const acoustic = join(modelPath, FILES.acoustic);
  const language = join(modelPath, FILES.language);
  const dictionary = join(modelPath, FILES.dictionary);
  return {
    title: "PocketSphinx",
    names: [readEnv("STREAMRACK_POCKETSPHINX") || "pocketsphinx_continuous"],
    modelPaths: [acoustic, language, dictionary],
    modelId: modelPath,
    args: [
      ...["-infile", "/dev/stdin", "-samprate", `${SPEECH_RATE_HZ}`],
      ...["-hmm", acoustic, "-lm", language, "-dict", dictionary],
      // All that it is given is one utterance: where those begin and end was found by better means.
      ...["-remove_silence", "no", "-time", "yes", "-logfn", "/dev/null"],
    ],
    // It takes samples without a header where the name of its input does not end in ".wav".
    encode: (samples) => new Uint8Array(samples.slice().buffer),
    read: readPrinted,
    howToInstall: `${INSTALL}; or name the program in STREAMRACK_POCKETSPHINX.`,
    howToGetModel: `${INSTALL}; or give the folder of another one as modelPath.`,
  };
}

/** Reads the line of what was said, and one line for each word. */
function readPrinted(printed: string): Transcript {
  const words = printed.split("\n").flatMap((line): Word[] => {
    const [, token, start, end, confidence] = WORD_LINE.exec(line.trim()) ?? [];
    if (token === undefined || FILLER.test(token)) return [];
    return [{
      word: token.replace(/\(\d+\)$/, ""), // "to(2)" is the second pronunciation of "to"
      startMs: Math.round(Number(start) * 1000),
      endMs: Math.round(Number(end) * 1000),
      confidence: Math.min(1, Number(confidence)),
    }];
  });
  return words.length === 0 ? NO_TRANSCRIPT : { text: words.map(({ word }) => word).join(" "), words };
}
