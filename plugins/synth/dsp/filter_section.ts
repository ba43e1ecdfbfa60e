import type { Bus } from "./kernel.ts";

/** What a filter lets through. */
export type FilterMode = "lowpass" | "highpass" | "bandpass" | "notch" | "bell" | "low-shelf" | "high-shelf";

/** Places in the array that tells a section where its coefficients start and end within the next frames. */
export const G_START = 0;
export const G_END = 1;
export const K_START = 2;
export const K_END = 3;
export const AMPLITUDE_START = 4;
export const AMPLITUDE_END = 5;
/** Length of that array. As arguments the engines would allocate the numbers. */
export const FILTER_TARGETS = 6;

const SILENT_STATE = 1e-20;
/** Places in what makes up the output. */
const IN = 0;
const BAND = 1;
const LOW = 2;

/** One section of two poles, for one side or for two with the same coefficients: see `Filter`. */
export class FilterSection {
  readonly #mode: FilterMode;
  /** The two integrators of the left side, then those of the right. */
  readonly #states = new Float64Array(4);
  /** What makes up the output at the start and at the end of the frames. */
  readonly #mixStart = new Float64Array(3);
  readonly #mixEnd = new Float64Array(3);

  constructor(mode: FilterMode) {
    this.#mode = mode;
  }

  /** Forgets what it filtered. */
  clear(): void {
    this.#states.fill(0);
  }

  /** Filters the next frames of one bus into another, which may be the same. */
  run(input: Bus, out: Bus, targets: Float64Array, frames: number): void {
    const start = targets[AMPLITUDE_START] as number;
    const end = targets[AMPLITUDE_END] as number;
    if (this.#mode === "bell") {
      targets[K_START] = (targets[K_START] as number) / start;
      targets[K_END] = (targets[K_END] as number) / end;
    }
    const states = this.#states;
    const mix = this.#mixEnd;
    mixInto(mix, this.#mode, targets[K_END] as number, end);
    if (this.#mode !== "lowpass" && (targets[K_START] !== targets[K_END] || start !== end)) {
      mixInto(this.#mixStart, this.#mode, targets[K_START] as number, start);
      runMixed(input.left, out.left, 0, frames, targets, states, this.#mixStart, mix);
      if (input.channels === 2) runMixed(input.right, out.right, 2, frames, targets, states, this.#mixStart, mix);
    } else if (input.channels === 2) runStereo(input, out, frames, targets, states, mix);
    else runMono(input.left, out.left, frames, targets, states, mix);
    for (let i = 0; i < 4; i++) {
      const state = states[i] as number;
      if (state < SILENT_STATE && state > -SILENT_STATE) states[i] = 0;
    }
  }
}

/** What of input, band and low makes up the output. Band and low are means of two states: half of their sum. */
function mixInto(mix: Float64Array, mode: FilterMode, k: number, amplitude: number): void {
  const gain = amplitude * amplitude;
  mix[IN] = mode === "lowpass" || mode === "bandpass" ? 0 : mode === "high-shelf" ? gain : 1;
  mix[LOW] = 0;
  switch (mode) {
    case "lowpass":
      mix[BAND] = 0;
      mix[LOW] = 0.5;
      break;
    case "highpass":
      mix[BAND] = -0.5 * k;
      mix[LOW] = -0.5;
      break;
    case "bandpass":
      mix[BAND] = 0.5 * k;
      break;
    case "notch":
      mix[BAND] = -0.5 * k;
      break;
    case "bell":
      mix[BAND] = 0.5 * k * (gain - 1);
      break;
    case "low-shelf":
      mix[BAND] = 0.5 * k * (amplitude - 1);
      mix[LOW] = 0.5 * (gain - 1);
      break;
    case "high-shelf":
      mix[BAND] = 0.5 * k * (1 - amplitude) * amplitude;
      mix[LOW] = 0.5 * (1 - gain);
      break;
  }
}

// Simper's equations, solved for the next states: so the way from one sample to
// the next is three operations long, instead of eight.

function runMono(
  from: Float64Array,
  to: Float64Array,
  frames: number,
  targets: Float64Array,
  states: Float64Array,
  mix: Float64Array,
): void {
  let g = targets[G_START] as number;
  let k = targets[K_START] as number;
  const gGrowth = ((targets[G_END] as number) - g) / frames;
  const kGrowth = ((targets[K_END] as number) - k) / frames;
  const isMoving = gGrowth !== 0 || kGrowth !== 0;
  const mixIn = mix[IN] as number;
  const mixBand = mix[BAND] as number;
  const mixLow = mix[LOW] as number;
  let first = states[0] as number;
  let second = states[1] as number;
  let twice = 2 / (1 + g * (g + k));
  for (let i = 0; i < frames; i++) {
    if (isMoving) {
      g += gGrowth;
      k += kGrowth;
      twice = 2 / (1 + g * (g + k));
    }
    const toBand = g * twice;
    const x = from[i] as number;
    const rest = x - second;
    const nextFirst = (twice - 1) * first + toBand * rest;
    const nextSecond = second + toBand * first + g * toBand * rest;
    to[i] = mixIn * x + mixBand * (first + nextFirst) + mixLow * (second + nextSecond);
    first = nextFirst;
    second = nextSecond;
  }
  states[0] = first;
  states[1] = second;
}

/** One side while what makes up the output moves, too: a jump of that would be heard as a click. */
function runMixed(
  from: Float64Array,
  to: Float64Array,
  state: 0 | 2,
  frames: number,
  targets: Float64Array,
  states: Float64Array,
  mixStart: Float64Array,
  mixEnd: Float64Array,
): void {
  let g = targets[G_START] as number;
  let k = targets[K_START] as number;
  let mixIn = mixStart[IN] as number;
  let mixBand = mixStart[BAND] as number;
  let mixLow = mixStart[LOW] as number;
  const gGrowth = ((targets[G_END] as number) - g) / frames;
  const kGrowth = ((targets[K_END] as number) - k) / frames;
  const inGrowth = ((mixEnd[IN] as number) - mixIn) / frames;
  const bandGrowth = ((mixEnd[BAND] as number) - mixBand) / frames;
  const lowGrowth = ((mixEnd[LOW] as number) - mixLow) / frames;
  let first = states[state] as number;
  let second = states[state + 1] as number;
  for (let i = 0; i < frames; i++) {
    g += gGrowth;
    k += kGrowth;
    mixIn += inGrowth;
    mixBand += bandGrowth;
    mixLow += lowGrowth;
    const twice = 2 / (1 + g * (g + k));
    const toBand = g * twice;
    const x = from[i] as number;
    const rest = x - second;
    const nextFirst = (twice - 1) * first + toBand * rest;
    const nextSecond = second + toBand * first + g * toBand * rest;
    to[i] = mixIn * x + mixBand * (first + nextFirst) + mixLow * (second + nextSecond);
    first = nextFirst;
    second = nextSecond;
  }
  states[state] = first;
  states[state + 1] = second;
}

/** Both sides in one loop: one waits for its own last sample, and the other fills the time. */
function runStereo(
  input: Bus,
  out: Bus,
  frames: number,
  targets: Float64Array,
  states: Float64Array,
  mix: Float64Array,
): void {
  const fromLeft = input.left;
  const fromRight = input.right;
  const toLeft = out.left;
  const toRight = out.right;
  let g = targets[G_START] as number;
  let k = targets[K_START] as number;
  const gGrowth = ((targets[G_END] as number) - g) / frames;
  const kGrowth = ((targets[K_END] as number) - k) / frames;
  const isMoving = gGrowth !== 0 || kGrowth !== 0;
  const mixIn = mix[IN] as number;
  const mixBand = mix[BAND] as number;
  const mixLow = mix[LOW] as number;
  let firstLeft = states[0] as number;
  let secondLeft = states[1] as number;
  let firstRight = states[2] as number;
  let secondRight = states[3] as number;
  let twice = 2 / (1 + g * (g + k));
  for (let i = 0; i < frames; i++) {
    if (isMoving) {
      g += gGrowth;
      k += kGrowth;
      twice = 2 / (1 + g * (g + k));
    }
    const toBand = g * twice;
    const toLow = g * toBand;
    const left = fromLeft[i] as number;
    const right = fromRight[i] as number;
    const restLeft = left - secondLeft;
    const restRight = right - secondRight;
    const nextFirstLeft = (twice - 1) * firstLeft + toBand * restLeft;
    const nextFirstRight = (twice - 1) * firstRight + toBand * restRight;
    const nextSecondLeft = secondLeft + toBand * firstLeft + toLow * restLeft;
    const nextSecondRight = secondRight + toBand * firstRight + toLow * restRight;
    toLeft[i] = mixIn * left + mixBand * (firstLeft + nextFirstLeft) + mixLow * (secondLeft + nextSecondLeft);
    toRight[i] = mixIn * right + mixBand * (firstRight + nextFirstRight) + mixLow * (secondRight + nextSecondRight);
    firstLeft = nextFirstLeft;
    firstRight = nextFirstRight;
    secondLeft = nextSecondLeft;
    secondRight = nextSecondRight;
  }
  states[0] = firstLeft;
  states[1] = secondLeft;
  states[2] = firstRight;
  states[3] = secondRight;
}
