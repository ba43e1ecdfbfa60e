/**
 * What the readers of compressed audio have in common: a decoder is one
 * format's own; chunks, timestamps and damage are the same for all.
 *
 * @module
 */

import { type AudioData, convertFormat, type Problem, RuntimeData, StreamrackError } from "../../core/plugin.ts";
import type { AudioReader } from "../audio_reader.ts";
import type { ByteSource } from "../io/byte_source.ts";
import { formatOf, type PcmFormat } from "../pcm/encodings.ts";

/** A stretch of decoded audio: one array per channel, of one length. */
export type Planes = readonly Float32Array[];

/** One format, opened up to its first sample. */
export interface Decoding {
  readonly format: PcmFormat;
  /** Length, where the file says it. */
  readonly totalFrames: number | undefined;
  /** The audio, in pieces as they come. What is wrong with it goes to the {@linkcode DamageLog}. */
  pieces(): AsyncGenerator<Planes, void, void>;
  /** Gives memory back. Called once. */
  free(): void;
}

/** Most problems that are kept one by one. */
const PROBLEMS_MAX = 8;

/** Gathers what is wrong with a file while its audio is read. */
export class DamageLog {
  readonly #name: string;
  readonly #problems: Problem[] = [];
  #count = 0;
  #isTruncated = false;

  constructor(name: string) {
    this.#name = name;
  }

  /** A part that could not be decoded. */
  add(path: string, message: string, found: { readonly received?: string; readonly expected?: string } = {}): void {
    this.#count += 1;
    if (this.#problems.length < PROBLEMS_MAX) this.#problems.push({ path, message, ...found });
  }

  /** The file ends too early. */
  cutShort(received: string, expected: string): void {
    this.#isTruncated = true;
    this.add("data", "is cut short", { received, expected });
  }

  /** Everything as one error, if there is anything. */
  get error(): StreamrackError | undefined {
    if (this.#count === 0) return undefined;
    const more = this.#count - this.#problems.length;
    const rest = more > 0 ? [{ path: "data", message: `has ${more} more damaged parts` }] : [];
    const problems = [...this.#problems, ...rest];
    return this.#isTruncated
      ? new StreamrackError("truncated-media", `"${this.#name}" ends too early`, { problems, remedy: COPY_AGAIN })
      : new StreamrackError("invalid-media", `"${this.#name}" is damaged`, { problems, remedy: COPY_AGAIN });
  }
}

const COPY_AGAIN =
  'Copy or record it again; it was probably interrupted. What can be decoded is read with onDamage: "keep".';

/** An error of a file that holds nothing that can be read. */
export function unreadable(name: string, kind: string, ...problems: Problem[]): StreamrackError {
  const remedy = "Check that it was copied whole; or convert it, for example: ffmpeg -i INPUT OUTPUT.wav";
  return new StreamrackError("invalid-media", `"${name}" is ${kind} that cannot be read`, { problems, remedy });
}

/** A library has thrown: it cannot be relied on any more. */
class DecoderStopped extends Error {}

/**
 * Calls a library, and hides what it prints on the console meanwhile. It must
 * not wait for anything before it has done its work, though it may return a
 * promise.
 */
export function callDecoder<T>(call: () => T): T {
  const { error, warn } = console;
  console.error = console.warn = () => {};
  try {
    const result = call();
    return result instanceof Promise ? result.catch(stopped) as T : result;
  } catch (thrown) {
    return stopped(thrown);
  } finally {
    console.error = error;
    console.warn = warn;
  }
}

function stopped(thrown: unknown): never {
  throw new DecoderStopped(thrown instanceof Error ? thrown.message : String(thrown), { cause: thrown });
}

/** Decoders give floats, which have 24 significant bits. */
export const LOSS_OF_INTEGERS = "integers of more than 24 bits are read with 24 significant bits";

/** Reads a format by its decoding. */
export function decodingReader(
  source: ByteSource,
  decoding: Decoding,
  damage: DamageLog,
  onDamage: "fail" | "keep",
): AudioReader {
  let isFreed = false;
  const free = () => {
    if (!isFreed) decoding.free();
    isFreed = true;
  };
  let isReading = false;
  return {
    format: decoding.format,
    totalFrames: decoding.totalFrames,
    get damage() {
      return damage.error;
    },
    loss: decoding.format.encoding === "s32" ? LOSS_OF_INTEGERS : undefined,
    async *chunks(chunkFrames) {
      const cutter = new ChunkCutter(decoding.format, chunkFrames);
      let frames = 0;
      isReading = true;
      try {
        for await (const planes of guarded(decoding.pieces(), damage)) {
          frames += planes[0]?.length ?? 0;
          yield* cutter.push(planes);
        }
        yield* cutter.finish();
        const { totalFrames, format: { sampleRate } } = decoding;
        if (totalFrames !== undefined && frames < totalFrames) {
          const told = (count: number) => `${count} frames (${(count / sampleRate).toFixed(3)} s)`;
          damage.cutShort(told(frames), told(totalFrames));
        }
        if (damage.error !== undefined && onDamage === "fail") throw damage.error;
      } finally {
        free();
        await source.close();
      }
    },
    async close() {
      // While a piece is being read the generator frees, when the source has let it go.
      if (!isReading) free();
      await source.close();
    },
  };
}

/** Ends, with a note of the damage, where a library has thrown: what came before is good. */
async function* guarded(pieces: AsyncGenerator<Planes, void, void>, damage: DamageLog): AsyncGenerator<Planes> {
  try {
    yield* pieces;
  } catch (thrown) {
    if (!(thrown instanceof DecoderStopped)) throw thrown;
    damage.add("data", `stops the decoder (${thrown.message})`);
  }
}

/** Interleaves pieces into chunks of one size, in the format that keeps them as they are. */
class ChunkCutter {
  readonly #format: PcmFormat;
  readonly #chunkFrames: number;
  #chunk: Float32Array | undefined;
  #filled = 0;
  #framesOut = 0;

  constructor(format: PcmFormat, chunkFrames: number) {
    this.#format = format;
    this.#chunkFrames = chunkFrames;
  }

  *push(planes: Planes): Generator<AudioData> {
    const { channels } = this.#format;
    const frames = planes[0]?.length ?? 0;
    for (let read = 0; read < frames;) {
      const chunk = this.#chunk ??= new Float32Array(this.#chunkFrames * channels);
      const taken = Math.min(frames - read, this.#chunkFrames - this.#filled);
      for (let channel = 0; channel < channels; channel++) {
        const plane = planes[channel] as Float32Array;
        for (let i = 0, at = this.#filled * channels + channel; i < taken; i++, at += channels) {
          chunk[at] = plane[read + i] as number;
        }
      }
      read += taken;
      this.#filled += taken;
      if (this.#filled === this.#chunkFrames) yield this.#emit(chunk);
    }
  }

  *finish(): Generator<AudioData> {
    if (this.#chunk !== undefined) yield this.#emit(this.#chunk.slice(0, this.#filled * this.#format.channels));
  }

  #emit(floats: Float32Array): AudioData {
    const { sampleRate, channels, encoding } = this.#format;
    const timestampUs = Math.round(this.#framesOut * 1e6 / sampleRate);
    this.#framesOut += this.#filled;
    this.#chunk = undefined;
    this.#filled = 0;
    const audio = RuntimeData.audio({ samples: floats, sampleRate, channels, timestampUs });
    return convertFormat(audio, formatOf(encoding));
  }
}
