/**
 * Builds WAV files byte by byte, right and wrong ones, independently of the
 * code under test.
 *
 * @module
 */

/** The parts of a WAV header; each has a right default. */
export interface WavParts {
  magic?: string;
  riffSize?: number;
  tag?: number;
  extensible?: boolean;
  channels?: number;
  sampleRate?: number;
  bits?: number;
  blockAlign?: number;
  /** Samples as bytes. */
  data?: Uint8Array;
  /** What the header says of their length. */
  dataSize?: number;
  /** Size of the data as RF64 gives it. */
  ds64DataSize?: bigint;
  /** Chunks before "fmt ". */
  before?: Uint8Array[];
  /** Chunks after the samples. */
  after?: Uint8Array[];
}

/** A chunk of a RIFF file, padded to an even length. */
export function riffChunk(id: string, body: Uint8Array, size: number = body.length): Uint8Array {
  const bytes = new Uint8Array(8 + body.length + (body.length & 1));
  bytes.set(new TextEncoder().encode(id));
  new DataView(bytes.buffer).setUint32(4, size, true);
  bytes.set(body, 8);
  return bytes;
}

/** A WAV file. */
export function wavBytes(parts: WavParts = {}): Uint8Array {
  const { tag = 1, channels = 1, sampleRate = 8000, bits = 16, extensible = false, data = new Uint8Array(8) } = parts;
  const sampleBytes = Math.ceil(bits / 8);
  const format = new DataView(new ArrayBuffer(extensible ? 40 : 16));
  format.setUint16(0, extensible ? 0xfffe : tag, true);
  format.setUint16(2, channels, true);
  format.setUint32(4, sampleRate, true);
  format.setUint32(8, sampleRate * channels * sampleBytes, true);
  format.setUint16(12, parts.blockAlign ?? channels * sampleBytes, true);
  format.setUint16(14, bits, true);
  if (extensible) {
    format.setUint16(16, 22, true);
    format.setUint16(18, bits, true);
    format.setUint16(24, tag, true);
  }
  const chunks = [...(parts.before ?? [])];
  if (parts.ds64DataSize !== undefined) {
    const ds64 = new DataView(new ArrayBuffer(28));
    ds64.setBigUint64(8, parts.ds64DataSize, true);
    chunks.unshift(riffChunk("ds64", new Uint8Array(ds64.buffer)));
  }
  chunks.push(riffChunk("fmt ", new Uint8Array(format.buffer)));
  const isPadded = parts.dataSize === undefined;
  chunks.push(
    isPadded ? riffChunk("data", data) : riffChunk("data", data, parts.dataSize).subarray(0, 8 + data.length),
  );
  chunks.push(...(parts.after ?? []));
  const body = concat(new TextEncoder().encode("WAVE"), ...chunks);
  // The file itself is not padded: it ends where its last chunk does.
  return riffChunk(parts.magic ?? "RIFF", body, parts.riffSize ?? body.length).subarray(0, 8 + body.length);
}

/** All bytes in a row. */
export function concat(...parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The bytes in pieces of so many. */
export async function* inPieces(bytes: Uint8Array, pieceBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.slice(at, at + pieceBytes);
}
