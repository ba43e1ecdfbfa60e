/**
 * Band-limited single-cycle waves: one table for each number of harmonics.
 *
 * An oscillator picks the table whose highest harmonic stays below the Nyquist
 * frequency, so that nothing can alias; what remains is the error of linear
 * interpolation (below -90 dB for the few harmonics of high notes).
 *
 * @module
 */

import { sinTurns } from "./exact_math.ts";

/** Samples of one cycle; a table has one more, equal to its first. */
export const TABLE_LENGTH = 4096;
const MAX_HARMONICS = 1024;

/** Shapes that have tables. A pulse is made of two saws. */
export type TableShape = "sine" | "triangle" | "saw";

/** Tables of a shape, in order of their numbers of harmonics. */
export interface WaveTables {
  readonly harmonics: readonly number[];
  readonly tables: readonly Float64Array[];
}

/** Numbers of harmonics that have a table: all up to 24, then steps of about an eighth of an octave. */
function harmonicSteps(): number[] {
  const steps: number[] = [];
  for (let n = 1; n <= MAX_HARMONICS; n = n < 24 ? n + 1 : Math.ceil(n * 1.09)) steps.push(n);
  return steps;
}

/** Fourier amplitude of a harmonic. Phases are those of sines, so that every shape starts at 0 and rises. */
function amplitude(shape: TableShape, n: number): number {
  switch (shape) {
    case "sine":
      return n === 1 ? 1 : 0;
    case "saw":
      // Rises from 0 to 1 in the first half of the cycle, where it jumps to -1.
      return (n % 2 === 0 ? -2 : 2) / (Math.PI * n);
    case "triangle":
      return n % 2 === 0 ? 0 : (n % 4 === 1 ? 8 : -8) / (Math.PI * Math.PI * n * n);
  }
}

function build(shape: TableShape): WaveTables {
  const harmonics = shape === "sine" ? [1] : harmonicSteps();
  const cycle = Float64Array.from({ length: TABLE_LENGTH }, (_, i) => sinTurns(i / TABLE_LENGTH));
  const sum = new Float64Array(TABLE_LENGTH);
  let done = 0;
  const tables = harmonics.map((count) => {
    for (let n = done + 1; n <= count; n++) {
      const level = amplitude(shape, n);
      if (level === 0) continue;
      for (let i = 0, at = 0; i < TABLE_LENGTH; i++, at = (at + n) & (TABLE_LENGTH - 1)) {
        sum[i] = (sum[i] as number) + level * (cycle[at] as number);
      }
    }
    done = count;
    const table = new Float64Array(TABLE_LENGTH + 1);
    table.set(sum);
    table[TABLE_LENGTH] = sum[0] as number;
    return table;
  });
  return { harmonics, tables };
}

const built = new Map<TableShape, WaveTables>();

/** The tables of a shape: made at the first call (some 10 ms), then shared by everything in the thread. */
export function waveTables(shape: TableShape): WaveTables {
  let tables = built.get(shape);
  if (tables === undefined) built.set(shape, tables = build(shape));
  return tables;
}

/** Index of the richest table without a harmonic above a share of the sample rate. */
export function tableIndex({ harmonics }: WaveTables, turnsPerFrame: number): number {
  const most = 0.497 / Math.max(turnsPerFrame, 1e-9);
  let low = 0;
  let high = harmonics.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((harmonics[middle] as number) <= most) low = middle;
    else high = middle - 1;
  }
  return low;
}
