/**
 * Reads PCM audio as a stream of chunks: WAV, or raw samples.
 *
 * @module
 */

import { type AudioData, RuntimeData, type StreamrackError } from "../../core/plugin.ts";
import type { AudioReader } from "../audio_reader.ts";
import type { ByteSource } from "../io/byte_source.ts";
import { decode, frameBytes, type PcmFormat } from "./encodings.ts";
import { samplesCutShort } from "./media_error.ts";
import { readWavHeader } from "./read_wav_header.ts";

/**
 * Reads WAV. The source is closed if it turns out to be none.
 *
 * @throws {StreamrackError} `invalid-media` or `truncated-media`. That a file is cut short is found out here, before
 * any of it is delivered; of a stream, when it ends. With `onDamage: "keep"` it is no error.
 */
export async function readWav(source: ByteSource, onDamage: "fail" | "keep" = "fail"): Promise<AudioReader> {
  try {
    const { dataBytes, dataStart, ...format } = await readWavHeader(source);
    const bytesThere = source.sizeBytes === undefined ? undefined : Math.max(0, source.sizeBytes - dataStart);
    if (dataBytes !== undefined && onDamage === "fail") {
      throwIfAny(findDamage(source, format, bytesThere ?? dataBytes, dataBytes));
    }
    return reader(source, format, { dataBytes, bytesThere: dataBytes ?? bytesThere, onDamage });
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** Reads samples without a header. */
export function readRaw(source: ByteSource, format: PcmFormat): AudioReader {
  return reader(source, format, { dataBytes: undefined, bytesThere: source.sizeBytes, onDamage: "fail" });
}

interface Extent {
  /** As the header says. */
  readonly dataBytes: number | undefined;
  readonly bytesThere: number | undefined;
  readonly onDamage: "fail" | "keep";
}

function reader(source: ByteSource, format: PcmFormat, { dataBytes, bytesThere, onDamage }: Extent): AudioReader {
  let damage: StreamrackError | undefined;
  return {
    format,
    totalFrames: bytesThere === undefined ? undefined : Math.floor(bytesThere / frameBytes(format)),
    get damage() {
      return damage;
    },
    loss: format.encoding === "f64" ? "floats of 64 bits are read as floats of 32 bits" : undefined,
    async *chunks(chunkFrames) {
      try {
        const bytesRead = yield* readChunks(source, format, dataBytes, chunkFrames);
        damage = findDamage(source, format, bytesRead, dataBytes);
      } finally {
        await source.close();
      }
      if (onDamage === "fail") throwIfAny(damage);
    },
    close: () => source.close(),
  };
}

function throwIfAny(damage: StreamrackError | undefined): void {
  if (damage !== undefined) throw damage;
}

async function* readChunks(
  source: ByteSource,
  format: PcmFormat,
  dataBytes: number | undefined,
  chunkFrames: number,
): AsyncGenerator<AudioData, number, void> {
  const { encoding, channels, sampleRate } = format;
  const bytesPerFrame = frameBytes(format);
  let framesDone = 0;
  let bytesDone = 0;
  for (;;) {
    // A buffer for each chunk: it becomes the samples, which the pipeline owns from then on.
    const left = dataBytes === undefined ? Infinity : dataBytes - bytesDone;
    const buffer = new ArrayBuffer(Math.min(left, chunkFrames * bytesPerFrame));
    const read = await source.read(new Uint8Array(buffer));
    bytesDone += read;
    const frames = Math.floor(read / bytesPerFrame);
    if (frames > 0) {
      const whole = frames * bytesPerFrame;
      const samples = decode(whole === buffer.byteLength ? buffer : buffer.slice(0, whole), encoding);
      yield RuntimeData.audio({
        samples,
        sampleRate,
        channels,
        timestampUs: Math.round(framesDone * 1e6 / sampleRate),
      });
      framesDone += frames;
    }
    if (read === 0 || read < buffer.byteLength) break;
  }
  return bytesDone;
}

/** What is wrong unless there are as many bytes as were declared, in whole frames. */
function findDamage(
  source: ByteSource,
  format: PcmFormat,
  bytes: number,
  declaredBytes: number | undefined,
): StreamrackError | undefined {
  const bytesPerFrame = frameBytes(format);
  if (declaredBytes !== undefined && bytes < declaredBytes) {
    const seconds = (bytes: number) => `(${(bytes / bytesPerFrame / format.sampleRate).toFixed(3)} s)`;
    const received = `${bytes} bytes of samples ${seconds(bytes)}`;
    return samplesCutShort(source.name, received, `${declaredBytes} bytes ${seconds(declaredBytes)}`);
  }
  const odd = (declaredBytes ?? bytes) % bytesPerFrame;
  // Writers fill a chunk up to an even length, also when they cannot say how long it is.
  const isPadding = declaredBytes === undefined && odd === 1 && bytes % 2 === 0;
  if (odd !== 0 && !isPadding) {
    return samplesCutShort(source.name, `${odd} bytes after the last whole frame`, `frames of ${bytesPerFrame} bytes`);
  }
  return undefined;
}
