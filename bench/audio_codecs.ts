/**
 * How fast each codec reads and writes, as a multiple of real time; and how
 * much memory a long conversion takes.
 *
 *     deno run -A bench/audio_codecs.ts [--seconds 60] [--memory-minutes 60]
 *
 * Also runs on Node and Bun. Each result is checked: what is read has the
 * length of what was written.
 *
 * @module
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { AudioSegment, FILE_FORMATS, openAudio, writeAudio } from "../audio/mod.ts";
import { type AudioData, RuntimeData } from "../core/plugin.ts";

const SAMPLE_RATE = 44_100;
const CHUNK_FRAMES = 8192;

/** Stereo noise with a tone in it, in chunks; neither silent nor the same twice. */
function* signal(seconds: number): Generator<AudioData> {
  let noise = 1;
  for (let frame = 0; frame < seconds * SAMPLE_RATE; frame += CHUNK_FRAMES) {
    const frames = Math.min(CHUNK_FRAMES, seconds * SAMPLE_RATE - frame);
    const samples = new Int16Array(frames * 2);
    for (let i = 0; i < samples.length; i++) {
      noise = (Math.imul(noise, 1_103_515_245) + 12_345) >>> 0;
      samples[i] = 8000 * Math.sin((frame + (i >> 1)) * 0.06) + (noise >>> 20) - 2048;
    }
    yield RuntimeData.audio({ samples, sampleRate: SAMPLE_RATE, channels: 2 });
  }
}

function check(isTrue: boolean, what: string): void {
  if (!isTrue) throw new Error(`the result is wrong: ${what}`);
}

async function measureSpeed(seconds: number): Promise<void> {
  const chunks = [...signal(seconds)];
  const expected = seconds * SAMPLE_RATE;
  const warm = new AudioSegment({ samples: new Float32Array(SAMPLE_RATE * 2), sampleRate: SAMPLE_RATE, channels: 2 });
  console.log("format   write x realtime   read x realtime   bytes");
  for (const format of FILE_FORMATS) {
    await AudioSegment.fromBytes(await warm.toBytes({ format }));
    const folder = await mkdtemp(join(tmpdir(), "streamrack-bench-"));
    try {
      const path = join(folder, `a.${format}`);
      const started = performance.now();
      await writeAudio(path, chunks);
      const written = performance.now();
      const reader = await openAudio(path);
      let frames = 0;
      for await (const { samples } of reader.chunks(CHUNK_FRAMES)) frames += samples.length / 2;
      const read = performance.now();
      check(frames === Math.round(expected * reader.format.sampleRate / SAMPLE_RATE), `${format}: ${frames} frames`);
      const factor = (ms: number) => (seconds * 1000 / ms).toFixed(0);
      console.log(
        `${format.padEnd(8)} ${factor(written - started).padStart(16)} ${factor(read - written).padStart(17)}`,
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  }
}

async function measureMemory(minutes: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "streamrack-bench-"));
  let peak = 0;
  const watch = () => peak = Math.max(peak, process.memoryUsage().rss);
  const watched = async function* (chunks: AsyncIterable<AudioData>) {
    for await (const chunk of chunks) {
      watch();
      yield chunk;
    }
  };
  try {
    const [mp3, flac] = [join(folder, "a.mp3"), join(folder, "a.flac")];
    await writeAudio(mp3, signal(minutes * 60));
    watch();
    console.log(`after writing ${minutes} min of mp3: ${Math.round(peak / 1e6)} MB`);
    const started = performance.now();
    await writeAudio(flac, watched((await openAudio(mp3)).chunks(CHUNK_FRAMES)), { encoding: "s16" });
    const factor = minutes * 60_000 / (performance.now() - started);
    const { totalFrames } = await openAudio(flac);
    check(totalFrames === minutes * 60 * SAMPLE_RATE, `${totalFrames} frames`);
    console.log(`${minutes} min, mp3 to flac: at most ${Math.round(peak / 1e6)} MB, ${factor.toFixed(0)}x realtime`);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "60" }, "memory-minutes": { type: "string", default: "0" } },
});
if (Number(values.seconds) > 0) await measureSpeed(Number(values.seconds));
if (Number(values["memory-minutes"]) > 0) await measureMemory(Number(values["memory-minutes"]));
