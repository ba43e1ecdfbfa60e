/**
 * How much of a latency goes where.
 *
 * @module
 */
import { TRUE_PEAK_LATENCY } from "../../../audio/dsp/true_peak.ts";

/** How a latency is kept. */
export interface LatencyPlan {
  /** Look-ahead of the limiter, in seconds. */
  readonly lookaheadS: number;
  /** Frames in a block. */
  readonly blockFrames: number;
  /** Blocks that are rendered before the first one is heard, from 1: as many as there is time for. */
  readonly blocksAhead: number;
  /** From an event to its sound, in milliseconds: more than was asked for where a single block takes as long. */
  readonly latencyMs: number;
}

/** Most blocks ahead: more helps against nothing that a listener would wait for. */
const MAX_BLOCKS_AHEAD = 32;

/**
 * Shares a latency out: a quarter of it to the limiter, 5 ms at most, the rest
 * to blocks that are rendered ahead. Without a size of blocks, they are as
 * large as fits, 512 frames at most.
 */
export function latencyPlan(maxLatencyMs: number, sampleRate: number, size?: number): LatencyPlan {
  const lookaheadS = Math.min(0.005, maxLatencyMs / 4000);
  const roomFrames = (maxLatencyMs / 1000 - lookaheadS) * sampleRate - TRUE_PEAK_LATENCY;
  let blockFrames = size ?? 512;
  if (size === undefined) { while (blockFrames > 64 && blockFrames > roomFrames) blockFrames /= 2; }
  const blocksAhead = Math.min(MAX_BLOCKS_AHEAD, Math.max(1, Math.floor(roomFrames / blockFrames)));
  const latencyMs = Math.round(1e6 * (lookaheadS + (TRUE_PEAK_LATENCY + blocksAhead * blockFrames) / sampleRate)) / 1e3;
  return { lookaheadS, blockFrames, blocksAhead, latencyMs };
}
