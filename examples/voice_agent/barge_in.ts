/**
 * Asks the agent a question, and interrupts its answer with another one.
 *
 *     barge_in.ts question.wav interruption.wav heard.wav
 *
 * The files stand for a microphone, in real time. `heard.wav` is what could be
 * heard in the room: the user on the left, the agent on the right.
 *
 * @module
 */

import { type AudioData, createRuntime, interleave, loadManifest, RuntimeData } from "@streamrack/core";
import { AudioSegment } from "@streamrack/core/audio";
import process from "node:process";
import { Conversation, type Happening, type Speaker } from "./conversation.ts";

const RATE_HZ = 16_000;
const CHUNK_MS = 100;
/** How much of the answer the user listens to before the interruption. */
const PATIENCE_MS = 1500;
/** Nobody speaks for so long: the conversation is over. */
const END_OF_TALK_MS = 6000;
const LONGEST_TALK_MS = 60_000;

const startedMs = performance.now();
const nowMs = () => performance.now() - startedMs;
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));

/** A speaker in an empty room: it plays nothing, and knows what could be heard when. */
class RoomSpeaker implements Speaker {
  readonly #played: { readonly startMs: number; audio: AudioSegment }[] = [];
  /** When all that was given is over. */
  #endMs = 0;

  get isPlaying(): boolean {
    return nowMs() < this.#endMs;
  }

  /** How much of the answers could be heard so far, in milliseconds. */
  get heardMs(): number {
    return this.#played.reduce((sum, { startMs, audio }) => {
      return sum + Math.min(audio.durationMs, Math.max(0, nowMs() - startMs));
    }, 0);
  }

  play(data: AudioData): void {
    const audio = AudioSegment.fromAudio(data);
    const startMs = Math.max(nowMs(), this.#endMs);
    this.#played.push({ startMs, audio });
    this.#endMs = startMs + audio.durationMs;
  }

  stop(): void {
    const now = nowMs();
    for (const piece of this.#played) {
      const heardMs = Math.max(0, now - piece.startMs);
      if (heardMs < piece.audio.durationMs) piece.audio = piece.audio.slice(0, heardMs);
    }
    this.#endMs = now;
  }

  /** All that could be heard since the start. */
  async recorded(): Promise<Float32Array> {
    const samples = new Float32Array(Math.ceil((Math.max(nowMs(), this.#endMs) / 1000 + 1) * RATE_HZ));
    for (const { startMs, audio } of this.#played) {
      if (audio.frames === 0) continue;
      samples.set((await audio.resample(RATE_HZ)).samples, Math.round(startMs / 1000 * RATE_HZ));
    }
    return samples;
  }
}

async function readSpeech(path: string): Promise<Float32Array> {
  return (await (await AudioSegment.fromFile(path)).toMono().resample(RATE_HZ)).samples;
}

function tell(happening: Happening): void {
  const what = "text" in happening
    ? `${happening.kind === "sentence" ? "agent" : "user"}: ${happening.text}`
    : happening.kind;
  console.log(`${(nowMs() / 1000).toFixed(1).padStart(5)} s  ${what}`);
}

const [questionPath, interruptionPath, heardPath] = process.argv.slice(2);
if (questionPath === undefined || interruptionPath === undefined || heardPath === undefined) {
  console.error("usage: barge_in.ts question.wav interruption.wav heard.wav");
  process.exit(2);
}
const [question, interruption] = [await readSpeech(questionPath), await readSpeech(interruptionPath)];

const runtime = await createRuntime({ plugins: [new URL("./scripted_answers.ts", import.meta.url)] });
const session = await runtime.open(await loadManifest(new URL("./offline.yaml", import.meta.url)));
const speaker = new RoomSpeaker();
const conversation = new Conversation(session, speaker, tell);
const following = conversation.follow();

/** What the user has still to say, and when. */
const lines: { readonly samples: Float32Array; isDue(): boolean }[] = [
  { samples: question, isDue: () => true },
  { samples: interruption, isDue: () => speaker.heardMs >= PATIENCE_MS },
];
const microphone: Float32Array[] = [];
const chunkFrames = RATE_HZ * CHUNK_MS / 1000;
// The clock of the room begins when the microphone does.
const offsetMs = nowMs();
let saying = new Float32Array(0);
let quietSinceMs = offsetMs;
for (let chunk = 0; nowMs() < LONGEST_TALK_MS; chunk++) {
  if (saying.length === 0 && lines[0]?.isDue() === true) saying = new Float32Array(lines.shift()?.samples ?? []);
  if (saying.length > 0 || speaker.isPlaying) quietSinceMs = nowMs();
  if (lines.length === 0 && nowMs() - quietSinceMs > END_OF_TALK_MS) break;
  const samples = new Float32Array(chunkFrames);
  samples.set(saying.subarray(0, chunkFrames));
  saying = saying.slice(chunkFrames);
  microphone.push(samples.slice());
  await sleep(offsetMs + (chunk + 1) * CHUNK_MS - nowMs());
  await conversation.hear(RuntimeData.audio({ samples, sampleRate: RATE_HZ, timestampUs: chunk * CHUNK_MS * 1000 }));
}
await session.finish();
await following;
await runtime.close();

const agent = await speaker.recorded();
const user = new Float32Array(agent.length);
microphone.forEach((samples, chunk) => {
  const at = Math.round(offsetMs / 1000 * RATE_HZ) + chunk * chunkFrames;
  if (at + samples.length <= user.length) user.set(samples, at);
});
await AudioSegment.fromSamples(interleave([user, agent]), { sampleRate: RATE_HZ, channels: 2 }).export(heardPath);
console.log(`wrote ${heardPath}`);
