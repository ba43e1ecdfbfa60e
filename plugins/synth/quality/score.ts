import type { RolePolicy } from "../policy/schema.ts";
import type { QualityMeasures } from "./measure.ts";

/** Something that a piece of audio is marked down for. */
export interface QualityFinding {
  /** The measure in question, such as `"loudnessLufs"`. */
  readonly measure: string;
  /** What it is. */
  readonly value: number | null;
  /** What it should be, as text. */
  readonly expected: string;
  /** Points taken off, 0 to 100. */
  readonly points: number;
}

/** How well a piece of audio fits its role. */
export interface QualityScore {
  /** 100 is all as it should be; 0 is unusable. */
  readonly score: number;
  readonly findings: readonly QualityFinding[];
}

/** Highest true peak that is delivered, in dBTP. */
export const CEILING_DB = -1;
/** Loudness may differ by that much before it counts. */
const LOUDNESS_TOLERANCE_LU = 2;

/** Judges measures by the targets of a role. */
export function scoreQuality(measures: QualityMeasures, { targets }: RolePolicy): QualityScore {
  const findings: QualityFinding[] = [];
  const find = (measure: keyof QualityMeasures, expected: string, points: number) => {
    if (points > 0) findings.push({ measure, value: measures[measure], expected, points: Math.round(points) });
  };
  const { loudnessLufs, truePeakDb, crestDb, centroidHz, silentShare } = measures;
  if (measures.invalidSamples > 0) find("invalidSamples", "no sample that is not finite", 100);
  if (loudnessLufs === null) find("loudnessLufs", `${targets.loudnessLufs} LUFS: there is only silence`, 100);
  else {
    const off = Math.abs(loudnessLufs - targets.loudnessLufs) - LOUDNESS_TOLERANCE_LU;
    find("loudnessLufs", `${targets.loudnessLufs} LUFS`, Math.min(30, 4 * off));
  }
  if (truePeakDb !== null) find("truePeakDb", `at most ${CEILING_DB} dBTP`, truePeakDb > CEILING_DB ? 25 : 0);
  if (measures.clippedSamples > 0) find("clippedSamples", "none", 25);
  if (Math.abs(measures.dcOffset) > 0.005) find("dcOffset", "at most 0.005", 10);
  if (silentShare > targets.maxSilence) {
    find("silentShare", `at most ${targets.maxSilence}`, 40 * (silentShare - targets.maxSilence));
  }
  if (crestDb !== null) {
    find("crestDb", rangeText(targets.crestDb, "dB"), Math.min(15, 2 * outside(crestDb, targets.crestDb)));
  }
  if (centroidHz !== null) {
    const [low, high] = targets.centroidHz;
    const octaves = centroidHz < low
      ? Math.log2(low / centroidHz)
      : centroidHz > high
      ? Math.log2(centroidHz / high)
      : 0;
    find("centroidHz", rangeText(targets.centroidHz, "Hz"), Math.min(20, 10 * octaves));
  }
  const score = Math.max(0, 100 - findings.reduce((sum, { points }) => sum + points, 0));
  return { score, findings };
}

function outside(value: number, [low, high]: readonly [number, number]): number {
  return value < low ? low - value : value > high ? value - high : 0;
}

function rangeText([low, high]: readonly [number, number], unit: string): string {
  return `${low} to ${high} ${unit}`;
}
