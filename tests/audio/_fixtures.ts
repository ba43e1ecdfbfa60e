/**
 * Audio files that other programs have written (LAME 3.100, vorbis-tools
 * 1.4.2, opus-tools 0.1.10, flac 1.4.2), of noise and a sweep.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import type { FileFormat } from "../../audio/mod.ts";

/** What is known of a file. */
export interface Fixture {
  readonly name: string;
  readonly format: FileFormat;
  readonly sampleRate: number;
  readonly channels: number;
  /** Length of the original, to the frame. */
  readonly frames: number;
}

/** All of them. */
export const FIXTURES: readonly Fixture[] = [
  { name: "lame_vbr.mp3", format: "mp3", sampleRate: 44_100, channels: 2, frames: 22_050 },
  { name: "lame_mono.mp3", format: "mp3", sampleRate: 22_050, channels: 1, frames: 11_025 },
  { name: "flac_mono.flac", format: "flac", sampleRate: 22_050, channels: 1, frames: 11_025 },
  { name: "oggenc.ogg", format: "ogg", sampleRate: 44_100, channels: 2, frames: 88_200 },
  { name: "opusenc.opus", format: "opus", sampleRate: 48_000, channels: 2, frames: 24_000 },
];

/** The bytes of a file. */
export async function fixtureBytes(name: string): Promise<Uint8Array> {
  return new Uint8Array(await readFile(new URL(`./fixtures/${name}`, import.meta.url)));
}
