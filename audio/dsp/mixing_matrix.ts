/**
 * Matrices that turn one number of channels into another.
 *
 * @module
 */

/** Gains from input channels (columns) to output channels (rows). */
export type MixingMatrix = readonly (readonly number[])[];

/**
 * Speakers by channel count, in the order of WAVE files: left, right, centre,
 * low frequencies (LFE), back (B…) and side or surround (S…).
 */
const LAYOUTS: { readonly [channels: number]: readonly Speaker[] } = {
  1: ["C"],
  2: ["L", "R"],
  3: ["L", "R", "C"],
  4: ["L", "R", "SL", "SR"],
  5: ["L", "R", "C", "SL", "SR"],
  6: ["L", "R", "C", "LFE", "SL", "SR"],
  7: ["L", "R", "C", "LFE", "BC", "SL", "SR"],
  8: ["L", "R", "C", "LFE", "BL", "BR", "SL", "SR"],
};

type Speaker = "L" | "R" | "C" | "LFE" | "BC" | "BL" | "BR" | "SL" | "SR";

/** -3 dB: a signal that is shared by two speakers keeps its power. Also the gain of ITU-R BS.775 for centre and surround. */
const HALF_POWER = Math.SQRT1_2;

/** Where a speaker goes that the output lacks: the first of the lists whose speakers all exist. LFE is left out. */
const FOLDS: { readonly [S in Speaker]: readonly (readonly (readonly [Speaker, number])[])[] } = {
  L: [[["C", 1]]],
  R: [[["C", 1]]],
  C: [[["L", HALF_POWER], ["R", HALF_POWER]]],
  LFE: [],
  SL: [[["BL", 1]], [["L", HALF_POWER]], [["C", HALF_POWER]]],
  SR: [[["BR", 1]], [["R", HALF_POWER]], [["C", HALF_POWER]]],
  BL: [[["SL", 1]], [["L", HALF_POWER]], [["C", HALF_POWER]]],
  BR: [[["SR", 1]], [["R", HALF_POWER]], [["C", HALF_POWER]]],
  BC: [
    [["BL", HALF_POWER], ["BR", HALF_POWER]],
    [["SL", HALF_POWER], ["SR", HALF_POWER]],
    [["L", 0.5], ["R", 0.5]],
    [["C", 0.5]],
  ],
};

/**
 * The matrix from one number of channels to another by where the speakers
 * stand (1 to 8 channels in the order of WAVE files), as in ITU-R BS.775.
 *
 * Speakers that both sides have are copied; those that the output lacks are
 * folded into their neighbours; those that the input lacks are silent. Mono
 * goes to left and right in full. All gains are then lowered together, so
 * that no output can pass full scale:
 *
 * - 2 → 1: `0.5 L + 0.5 R`
 * - 1 → 2: both are the input
 * - 6 → 2: `0.414 L + 0.293 C + 0.293 SL`, and the mirror image
 *
 * With more than 8 channels on a side it is {@linkcode discreteMatrix}.
 */
export function speakerMatrix(from: number, to: number): MixingMatrix {
  const inputs = LAYOUTS[from];
  const outputs = LAYOUTS[to];
  if (inputs === undefined || outputs === undefined || from === to) return discreteMatrix(from, to);
  const matrix = zeros(from, to);
  const add = (speaker: Speaker, column: number, gain: number) => {
    const row = matrix[outputs.indexOf(speaker)] as number[];
    row[column] = (row[column] as number) + gain;
  };
  inputs.forEach((speaker, column) => {
    if (from === 1) {
      for (const side of ["L", "R"] as const) add(side, column, 1);
    } else if (outputs.includes(speaker)) {
      add(speaker, column, 1);
    } else {
      const fold = FOLDS[speaker].find((targets) => targets.every(([target]) => outputs.includes(target)));
      for (const [target, gain] of fold ?? []) add(target, column, gain);
    }
  });
  const loudest = Math.max(1, ...matrix.map((row) => row.reduce((sum, gain) => sum + gain, 0)));
  return matrix.map((row) => row.map((gain) => gain / loudest));
}

/**
 * The matrix that keeps channels apart: input channel i becomes output channel
 * i. Surplus inputs are left out, surplus outputs are silent. To mono it is the
 * mean of all, from mono a copy in every channel.
 */
export function discreteMatrix(from: number, to: number): MixingMatrix {
  return zeros(from, to).map((row, r) => {
    if (to === 1) return row.map(() => 1 / from);
    if (from === 1) return [1];
    return row.map((_, column) => column === r ? 1 : 0);
  });
}

function zeros(columns: number, rows: number): number[][] {
  return Array.from({ length: rows }, () => Array.from({ length: columns }, () => 0));
}
