/**
 * The range of audio that a pipeline takes, as documented at `AudioData`; a
 * test holds these equal to what it accepts.
 *
 * @module
 */

/** Most channels. */
export const CHANNELS_MAX = 255;

/** Highest sample rate in hertz. */
export const SAMPLE_RATE_MAX_HZ = 768_000;
