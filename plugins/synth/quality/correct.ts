import type { RolePolicy } from "../policy/schema.ts";
import type { QualityMeasures } from "./measure.ts";

/** What the correction round does to a sound. */
export interface Correction {
  /** Gain in front of the limiter, in decibels. */
  readonly gainDb: number;
  /** Scales the cutoff of the filter. */
  readonly cutoffFactor: number;
  /** Why, for people; empty if nothing is to be done. */
  readonly why: readonly string[];
}

/** Nothing to be done. */
export const NO_CORRECTION: Correction = { gainDb: 0, cutoffFactor: 1, why: [] };

const MAX_GAIN_DB = 18;
const LOUDNESS_TOLERANCE_LU = 0.5;

/**
 * What would bring a sound to the targets of its role: one step, from one
 * measurement. Steps are coarse (0.1 dB, 5 %), so that they are the same
 * however an engine rounds.
 */
export function correctionFor(measures: QualityMeasures, { targets }: RolePolicy): Correction {
  const why: string[] = [];
  let gainDb = 0;
  const { loudnessLufs, centroidHz } = measures;
  if (loudnessLufs !== null) {
    const off = targets.loudnessLufs - loudnessLufs;
    if (Math.abs(off) > LOUDNESS_TOLERANCE_LU) {
      gainDb = Math.round(10 * Math.min(MAX_GAIN_DB, Math.max(-MAX_GAIN_DB, off))) / 10;
      why.push(`${loudnessLufs} LUFS, ${targets.loudnessLufs} are asked for`);
    }
  }
  let cutoffFactor = 1;
  if (centroidHz !== null) {
    const [low, high] = targets.centroidHz;
    const wanted = centroidHz < low ? low / centroidHz : centroidHz > high ? high / centroidHz : 1;
    cutoffFactor = Math.round(20 * Math.min(2, Math.max(0.5, wanted))) / 20;
    if (cutoffFactor !== 1) why.push(`its spectrum lies around ${centroidHz} Hz, ${low} to ${high} are asked for`);
  }
  return { gainDb, cutoffFactor, why };
}
