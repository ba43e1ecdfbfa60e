/**
 * The header of an MPEG audio frame, layer III (ISO/IEC 11172-3, 13818-3, and
 * the "2.5" extension to low rates).
 *
 * @module
 */

/** What a frame says of itself. */
export interface FrameHeader {
  /** 1 for MPEG-1; 2 for MPEG-2 and 2.5, whose frames are half as long. */
  readonly version: 1 | 2;
  readonly sampleRate: number;
  readonly channels: 1 | 2;
  /** Samples of each channel in a frame. */
  readonly samplesPerFrame: 1152 | 576;
  /** Length of the whole frame. */
  readonly bytes: number;
  /** Length of the side information behind the header, where an Info tag begins after it. */
  readonly sideBytes: number;
}

const RATES_MPEG1_HZ = [44_100, 48_000, 32_000] as const;
/** By the two bits of the version: 2.5, reserved, 2, 1. */
const RATE_DIVISORS = [4, 0, 2, 1] as const;
const BITRATES_KBPS = {
  1: [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  2: [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
} as const;

/** Bytes of a header. */
export const HEADER_BYTES = 4;

/** The sample rates that MP3 has, in hertz. */
export const MP3_SAMPLE_RATES: readonly number[] = RATES_MPEG1_HZ.flatMap((hz) => [hz, hz / 2, hz / 4]);

/** The bit rates of a sample rate, in kbit/s. */
export function mp3BitratesKbps(sampleRate: number): readonly number[] {
  const all = BITRATES_KBPS[sampleRate >= 32_000 ? 1 : 2].slice(1);
  return sampleRate <= 12_000 ? all.filter((kbps) => kbps <= 64) : all;
}

/** Parses the header at a position; `undefined` if there is none. Free format is none. */
export function parseFrameHeader(bytes: Uint8Array, at = 0): FrameHeader | undefined {
  const [b1, b2, b3] = [bytes[at + 1] ?? 0, bytes[at + 2] ?? 0, bytes[at + 3] ?? 0];
  if (bytes[at] !== 0xff || (b1 & 0xe0) !== 0xe0) return undefined;
  const divisor = RATE_DIVISORS[(b1 >> 3) & 3] as number;
  const isLayer3 = ((b1 >> 1) & 3) === 1;
  const rate = RATES_MPEG1_HZ[(b2 >> 2) & 3];
  const version = divisor === 1 ? 1 : 2;
  const bitrate = BITRATES_KBPS[version][b2 >> 4] ?? 0;
  // Emphasis 2 is reserved.
  if (divisor === 0 || !isLayer3 || rate === undefined || bitrate === 0 || (b3 & 3) === 2) return undefined;
  const channels = (b3 >> 6) === 3 ? 1 : 2;
  const sampleRate = rate / divisor;
  const samplesPerFrame = version === 1 ? 1152 : 576;
  const padding = (b2 >> 1) & 1;
  return {
    version,
    sampleRate,
    channels,
    samplesPerFrame,
    bytes: Math.floor(samplesPerFrame / 8 * bitrate * 1000 / sampleRate) + padding,
    sideBytes: version === 1 ? (channels === 1 ? 17 : 32) : (channels === 1 ? 9 : 17),
  };
}

/** Makes the header of a frame of a form, with the lowest bit rate at which it holds so many bytes. */
export function makeFrameHeader(sampleRate: number, channels: number, bytes: number): Uint8Array {
  const divisor = sampleRate >= 32_000 ? 1 : sampleRate >= 16_000 ? 2 : 4;
  const rateIndex = RATES_MPEG1_HZ.findIndex((rate) => rate / divisor === sampleRate);
  for (let bitrateIndex = 1; bitrateIndex < 15; bitrateIndex++) {
    const header = Uint8Array.of(
      0xff,
      0xe3 | RATE_DIVISORS.indexOf(divisor as 1 | 2 | 4) << 3, // layer III, no checksum
      bitrateIndex << 4 | rateIndex << 2,
      channels === 1 ? 0xc0 : 0x00,
    );
    const parsed = parseFrameHeader(header);
    if (parsed !== undefined && parsed.bytes >= bytes) return header;
  }
  throw new RangeError(`no frame of ${sampleRate} Hz holds ${bytes} bytes`);
}
