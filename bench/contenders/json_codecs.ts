/**
 * Forms of samples in JSON. Each has the envelope that a service would have.
 *
 * @module
 */

import { Buffer } from "node:buffer";

/** How samples stand in JSON. */
export type JsonForm = "floats" | "i16" | "base64";

/** One form. */
export interface JsonCodec {
  encode(samples: Float32Array): string;
  decode(text: string): Float32Array<ArrayBuffer>;
  /** By how much a sample may differ after both. */
  readonly tolerance: number;
}

const ENVELOPE = { type: "audio", sampleRate: 24_000, channels: 1 };
const FULL_SCALE = 32_767;

/** All forms. */
export const CODECS: Readonly<Record<JsonForm, JsonCodec>> = {
  floats: {
    encode: (samples) => JSON.stringify({ ...ENVELOPE, samples: Array.from(samples) }),
    decode: (text) => Float32Array.from(JSON.parse(text).samples),
    tolerance: 0,
  },
  i16: {
    encode(samples) {
      const integers = new Array<number>(samples.length);
      for (let i = 0; i < samples.length; i++) integers[i] = Math.round((samples[i] as number) * FULL_SCALE);
      return JSON.stringify({ ...ENVELOPE, samples: integers });
    },
    decode(text) {
      const integers: number[] = JSON.parse(text).samples;
      const samples = new Float32Array(integers.length);
      for (let i = 0; i < samples.length; i++) samples[i] = (integers[i] as number) / FULL_SCALE;
      return samples;
    },
    tolerance: 1 / FULL_SCALE,
  },
  base64: {
    encode({ buffer, byteOffset, byteLength }) {
      return JSON.stringify({ ...ENVELOPE, samples: Buffer.from(buffer, byteOffset, byteLength).toString("base64") });
    },
    decode(text) {
      const bytes = Buffer.from(JSON.parse(text).samples, "base64");
      // The bytes may lie in a pool at any offset; floats need one that is a multiple of four.
      return new Float32Array(new Uint8Array(bytes).buffer);
    },
    tolerance: 0,
  },
};
