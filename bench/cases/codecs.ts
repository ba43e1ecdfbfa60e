/**
 * Audio files: how fast each codec reads and writes, and what a long
 * conversion takes of memory.
 *
 * @module
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { FILE_FORMATS, type FileFormat, openAudio, writeAudio } from "../../audio/mod.ts";
import { type AudioData, RuntimeData } from "../../core/plugin.ts";
import type { Case, Measured, ObserveOptions, Point } from "../harness/case.ts";
import { median } from "../harness/stats.ts";

const SAMPLE_RATE = 44_100;
const CHUNK_FRAMES = 8192;
const SECONDS = 20;
const REPETITIONS = 5;
const MINUTES = 60;

export default {
  id: "codecs",
  title: "Audio files",
  description:
    "20 seconds of stereo at 44.1 kHz, a tone in noise, are written to a file and read again, in chunks of 8192 " +
    "frames, at the default bit rates. What is told is the median of five, after one to warm up. Before and after, the file " +
    "is decoded and compared with the original: lossless formats give the same samples, the others the same " +
    "length and the same sound. `mp3 to flac` converts a file of an hour, and tells the highest resident memory of " +
    "the process.",
  points(mode): readonly Point[] {
    if (mode === "quick") return [];
    const point = (params: Point["params"], rounds: number): Point => ({ params, contenders: ["streamrack"], rounds });
    return [
      ...FILE_FORMATS.flatMap((codec) => ["write", "read"].map((way) => point({ codec, way }, 2))),
      point({ codec: "mp3 to flac", minutes: MINUTES }, 1),
    ];
  },
  observe({ params }: ObserveOptions): Promise<Measured> {
    const { codec, way } = params;
    return way === undefined ? observeMemory(Number(params["minutes"])) : observeSpeed(codec as FileFormat, way);
  },
} satisfies Case;

/** Stereo noise with a tone in it, in chunks; neither silent nor the same twice. */
function* signal(seconds: number): Generator<AudioData> {
  let noise = 1;
  for (let frame = 0; frame < seconds * SAMPLE_RATE; frame += CHUNK_FRAMES) {
    const frames = Math.min(CHUNK_FRAMES, seconds * SAMPLE_RATE - frame);
    const samples = new Int16Array(frames * 2);
    for (let i = 0; i < samples.length; i++) {
      noise = (Math.imul(noise, 1_103_515_245) + 12_345) >>> 0;
      samples[i] = 8000 * Math.sin((frame + (i >> 1)) * 0.06) + (noise >>> 24) - 128;
    }
    yield RuntimeData.audio({ samples, sampleRate: SAMPLE_RATE, channels: 2 });
  }
}

async function observeSpeed(format: FileFormat, way: string | number): Promise<Measured> {
  return await inFolder(async (folder) => {
    const path = join(folder, `a.${format}`);
    const chunks = [...signal(SECONDS)];
    const decode = async () => {
      const decoded: AudioData[] = [];
      for await (const chunk of (await openAudio(path)).chunks(CHUNK_FRAMES)) decoded.push(chunk);
      return decoded;
    };
    await writeAudio(path, chunks);
    checkDecoded(format, chunks, await decode());
    const timesMs: number[] = [];
    let decoded: readonly AudioData[] | undefined;
    for (let i = 0; i <= REPETITIONS; i++) {
      const startMs = performance.now();
      if (way === "write") await writeAudio(path, chunks);
      else decoded = await decode();
      if (i > 0) timesMs.push(performance.now() - startMs);
    }
    checkDecoded(format, chunks, decoded ?? await decode());
    return { metrics: { timesRealtime: SECONDS * 1000 / median(timesMs) } };
  });
}

async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "streamrack-bench-"));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Least ratio of signal to difference of a codec that loses something, in decibels, for this signal. */
const LEAST_SNR_DB = 10;

/** Throws unless what was decoded is what was encoded, as near as the format comes. */
function checkDecoded(format: FileFormat, chunks: readonly AudioData[], decoded: readonly AudioData[]): void {
  const rate = decoded[0]?.sampleRate ?? 0;
  const frames = decoded.reduce((sum, { samples, channels }) => sum + samples.length / channels, 0);
  const expected = Math.round(SECONDS * rate);
  if (frames !== expected) {
    throw new Error(`${format}: ${frames} frames where ${expected} were written`);
  }
  if (rate !== SAMPLE_RATE) return checkPower(format, chunks, decoded);
  const [want, have] = [joined(chunks), joined(decoded)];
  if (format === "wav" || format === "flac") {
    if (want.some((sample, i) => sample !== have[i])) throw new Error(`${format}: the samples are not the same`);
    return;
  }
  let [product, power, difference] = [0, 0, 0];
  want.forEach((sample, i) => {
    product += sample * (have[i] as number);
    power += sample * sample;
  });
  const gain = product / power;
  want.forEach((sample, i) => difference += ((have[i] as number) / gain - sample) ** 2);
  const snrDb = 10 * Math.log10(power / difference);
  if (!(snrDb >= LEAST_SNR_DB)) throw new Error(`${format}: only ${snrDb.toFixed(1)} dB are left of the signal`);
}

/** At another rate there is no sample for each sample: the level has to be the same within 1 dB. */
function checkPower(format: FileFormat, chunks: readonly AudioData[], decoded: readonly AudioData[]): void {
  const level = (samples: Float64Array) =>
    10 * Math.log10(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
  const changeDb = level(joined(decoded)) - level(joined(chunks));
  if (!(Math.abs(changeDb) < 1)) throw new Error(`${format}: the level has changed by ${changeDb.toFixed(1)} dB`);
}

/** All samples, with full scale ±1. */
function joined(chunks: readonly AudioData[]): Float64Array {
  const samples = new Float64Array(chunks.reduce((sum, chunk) => sum + chunk.samples.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    const scale = chunk.format === "f32" ? 1 : 1 / 32_768;
    for (const sample of chunk.samples) samples[at++] = sample * scale;
  }
  return samples;
}

async function observeMemory(minutes: number): Promise<Measured> {
  let peak = 0;
  const watched = async function* (chunks: AsyncIterable<AudioData>) {
    for await (const chunk of chunks) {
      peak = Math.max(peak, process.memoryUsage.rss());
      yield chunk;
    }
  };
  const expected = minutes * 60 * SAMPLE_RATE;
  return await inFolder(async (folder) => {
    const [mp3, flac] = [join(folder, "a.mp3"), join(folder, "a.flac")];
    await writeAudio(mp3, signal(minutes * 60));
    const source = await openAudio(mp3);
    await writeAudio(flac, watched(source.chunks(CHUNK_FRAMES)), { encoding: "s16" });
    const result = await openAudio(flac);
    await result.close();
    for (const { totalFrames } of [source, result]) {
      if (totalFrames !== expected) throw new Error(`${totalFrames} frames where ${expected} were written`);
    }
    return { metrics: { peakMib: peak / 1024 ** 2 } };
  });
}
