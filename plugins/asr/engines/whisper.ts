/**
 * The command line of whisper.cpp, `whisper-cli`.
 *
 * @module
 */

import * as v from "valibot";
import { readEnv } from "../../../runners/mod.ts";
import { SPEECH_RATE_HZ, type SpeechProgram } from "../program/program.ts";
import type { Transcript, Word } from "../transcript.ts";
import { toWav } from "../wav.ts";

const Offsets = v.object({ from: v.number(), to: v.number() });
/** What `--output-json-full` writes, as far as it is read. */
const Output = v.object({
  transcription: v.array(v.object({
    text: v.string(),
    offsets: Offsets,
    tokens: v.optional(v.array(v.object({ text: v.string(), p: v.number(), offsets: v.optional(Offsets) })), []),
  })),
});
/** Marks of the model, such as `[_BEG_]`. */
const MARK = /^\[_.*\]$/;
const PUNCTUATION = /^[^\p{L}\p{N}]+$/u;
/** What the model writes where it hears no speech, such as `[BLANK_AUDIO]` or `(music)`. */
const NO_SPEECH = /^\s*(\[[^\]]*\]|\([^)]*\))\s*$/;

/** How whisper.cpp is run. */
export interface WhisperOptions {
  /** A file such as `ggml-base.en.bin`. */
  readonly modelPath: string;
  /** As a code of two letters, or `auto`. */
  readonly language: string;
}

/** whisper.cpp with a model. */
export function whisperCpp({ modelPath, language }: WhisperOptions): SpeechProgram {
  const named = readEnv("STREAMRACK_WHISPER");
  return {
    title: "whisper.cpp",
    names: named ? [named] : ["whisper-cli", "whisper-cpp"],
    modelPaths: [modelPath],
    modelId: modelPath,
    // "-" as the name of the output makes it open /dev/stdout.
    args: ["-m", modelPath, "-l", language, "-f", "-", "-ojf", "-of", "-", "-np"],
    encode: (samples) => toWav(samples, SPEECH_RATE_HZ),
    read: readPrinted,
    modelComplaint: /failed to initialize whisper context/,
    howToInstall: "Install whisper.cpp, so that whisper-cli is found; or name the program in STREAMRACK_WHISPER.",
    howToGetModel: "Get a model in the ggml format, and give its path as modelPath.",
  };
}

function readPrinted(printed: string): Transcript {
  const { transcription } = v.parse(Output, JSON.parse(printed));
  const segments = transcription.filter(({ text }) => !NO_SPEECH.test(text));
  return {
    text: segments.map(({ text }) => text.trim()).filter((text) => text !== "").join(" "),
    words: segments.flatMap(({ tokens }) => toWords(tokens)),
  };
}

type Token = v.InferOutput<typeof Output>["transcription"][number]["tokens"][number];

/** Tokens are parts of words; one that begins a word begins with a space. */
function toWords(tokens: readonly Token[]): Word[] {
  const words: { word: string; startMs: number; endMs: number; parts: number[] }[] = [];
  for (const { text, p, offsets } of tokens) {
    if (MARK.test(text) || offsets === undefined) continue;
    const word = words.at(-1);
    if (word === undefined || text.startsWith(" ")) {
      words.push({ word: text.trim(), startMs: offsets.from, endMs: offsets.to, parts: [p] });
    } else {
      word.word += text;
      // A full stop lasts until the next word.
      if (!PUNCTUATION.test(text)) [word.endMs] = [offsets.to, word.parts.push(p)];
    }
  }
  return words.filter(({ word }) => word !== "").map(({ parts, ...word }) => ({
    ...word,
    confidence: parts.reduce((sum, p) => sum + p, 0) / parts.length,
  }));
}
