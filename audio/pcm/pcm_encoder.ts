/**
 * Writes WAV and raw samples.
 *
 * @module
 */

import type { AudioEncoder, EncoderForm } from "../codec/encoding.ts";
import { joinBytes } from "../codec/encoding.ts";
import { encode } from "./encodings.ts";
import { writeWavHeader } from "./write_wav_header.ts";

/** Samples without a header. */
export function rawEncoder({ encoding }: EncoderForm): AudioEncoder {
  return {
    encode: (audio) => encode(audio, encoding),
    finish: () => ({ rest: new Uint8Array(0) }),
    free: () => {},
  };
}

/**
 * WAV. Where the beginning can be written anew the sizes are filled in, as
 * RF64 if it has grown beyond 4 GiB; elsewhere they stay "unknown".
 */
export function wavEncoder(form: EncoderForm): AudioEncoder {
  const { encoding, canRewind } = form;
  let dataBytes = 0;
  // In front of the first samples, or of nothing.
  let head: Uint8Array | undefined = writeWavHeader(form, { canGrowLarge: canRewind });
  const takeHead = () => {
    const taken = head === undefined ? [] : [head];
    head = undefined;
    return taken;
  };
  return {
    encode(audio) {
      const bytes = encode(audio, encoding);
      dataBytes += bytes.length;
      return joinBytes([...takeHead(), bytes]);
    },
    finish() {
      if (!canRewind) return { rest: joinBytes(takeHead()) };
      const padding = new Uint8Array(dataBytes % 2);
      const start = writeWavHeader(form, { dataBytes, canGrowLarge: true });
      return { rest: joinBytes([...takeHead(), padding]), start };
    },
    free: () => {},
  };
}
