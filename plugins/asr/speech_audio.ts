/**
 * Audio in the form that recognisers take.
 *
 * @module
 */

import { type AudioData, convertFormat, type Problem, StreamrackError } from "../../core/plugin.ts";
import { SPEECH_RATE_HZ } from "./program/program.ts";

/**
 * The samples as 16 bits.
 *
 * @throws {StreamrackError} `invalid-data` for another sample rate or more channels.
 */
export function toSpeechSamples(audio: AudioData, nodeType: string): Int16Array<ArrayBuffer> {
  const problems: Problem[] = [];
  const expect = (path: string, received: number, expected: number) => {
    if (received === expected) return;
    problems.push({
      path,
      message: "is not what speech recognition takes",
      received: `${received}`,
      expected: `${expected}`,
    });
  };
  expect("sampleRate", audio.sampleRate, SPEECH_RATE_HZ);
  expect("channels", audio.channels, 1);
  if (problems.length > 0) {
    throw new StreamrackError("invalid-data", `${nodeType} takes 16 kHz mono audio`, {
      problems,
      remedy: "Put audio.resample with sampleRateHz 16000 and audio.channels with channels 1 in front of it.",
    });
  }
  return convertFormat(audio, "i16").samples as Int16Array<ArrayBuffer>;
}

/**
 * Whether more of the same utterance follows: as the metadata
 * `utterance: { isLast }` of voice activity detection says, else as the
 * pipeline does. Audio about which nobody says anything is an utterance of its
 * own.
 */
export function isContinued(audio: AudioData, isPartial: boolean): boolean {
  const utterance = audio.metadata?.["utterance"];
  if (typeof utterance !== "object" || utterance === null || !("isLast" in utterance)) return isPartial;
  return utterance["isLast"] === false;
}

const QUIET_WINDOW_SAMPLES = SPEECH_RATE_HZ / 50;

/**
 * Where to cut audio that is too long: in the middle of the quietest 20 ms of
 * the last third before `maxSamples`.
 */
export function findQuietCut(samples: Int16Array, maxSamples: number): number {
  let best = maxSamples;
  let least = Infinity;
  for (let at = Math.floor(maxSamples * 2 / 3); at + QUIET_WINDOW_SAMPLES <= maxSamples; at += QUIET_WINDOW_SAMPLES) {
    let energy = 0;
    for (let i = at; i < at + QUIET_WINDOW_SAMPLES; i++) energy += (samples[i] as number) ** 2;
    if (energy < least) [least, best] = [energy, at + QUIET_WINDOW_SAMPLES / 2];
  }
  return best;
}
