/**
 * Bounds of what a service may do to its caller.
 *
 * @module
 */

/** Bounds of one exchange. */
export interface HttpLimits {
  /** How long the service may take until it begins to answer, in milliseconds. */
  readonly responseTimeoutMs: number;
  /** How long the answer may pause, in milliseconds. */
  readonly idleTimeoutMs: number;
  /** Longest line or event of a stream, in UTF-16 code units. */
  readonly eventMaxChars: number;
  /** Most bytes of an answer in all. */
  readonly answerMaxBytes: number;
}

/** Bounds unless others are given. */
export const DEFAULT_LIMITS: HttpLimits = {
  responseTimeoutMs: 60_000,
  idleTimeoutMs: 60_000,
  eventMaxChars: 1 << 20,
  answerMaxBytes: 64 << 20,
};
