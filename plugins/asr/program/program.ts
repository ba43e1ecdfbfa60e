/**
 * What Streamrack knows of a program that turns speech into text.
 *
 * Such a program loads its model, then reads audio from its standard input
 * until that ends, prints what it understood, and exits.
 *
 * @module
 */

import type { Transcript } from "../transcript.ts";

/** Sample rate of what programs are given, in hertz; mono, 16 bits. */
export const SPEECH_RATE_HZ = 16_000;

/** A program with a model and a language, ready to be started. */
export interface SpeechProgram {
  /** As a user would call it, such as `"PocketSphinx"`. */
  readonly title: string;
  /** Names under which it may be installed, the best first; or one path. */
  readonly names: readonly string[];
  /** Files and folders without which it does not work. */
  readonly modelPaths: readonly string[];
  /** The model, as results name it. */
  readonly modelId: string;
  /** Its arguments. They may name `/dev/stdin` and `/dev/stdout`, which are pipes. */
  readonly args: readonly string[];
  /** The bytes that it takes for the samples. */
  encode(samples: Int16Array): Uint8Array;
  /** Reads what it printed. @throws {Error} if it is not what was expected. */
  read(printed: string): Transcript;
  /** What it says when it cannot load its model. Absent: it does not tell. */
  readonly modelComplaint?: RegExp;
  /** How to get the program. */
  readonly howToInstall: string;
  /** How to get the model. */
  readonly howToGetModel: string;
}
