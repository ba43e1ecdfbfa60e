/**
 * The loops that read a cycle of a wave at a moving pitch.
 *
 * Numbers go in and out by an array of registers: as arguments the engines
 * would allocate them.
 *
 * @module
 */

import type { Control } from "./control.ts";
import { TABLE_LENGTH } from "./wavetables.ts";

/** Places in the registers: where in the cycle, turns per frame, width of a pulse, and what the last two gain per frame. */
export const PHASE = 0;
export const STEP = 1;
export const STEP_GROWTH = 2;
export const WIDTH = 3;
export const WIDTH_GROWTH = 4;
/** How many registers there are. */
export const WAVE_REGISTERS = 5;

const RADIANS_TO_TURNS = 0.15915494309189535;

/** A wave as it is. */
export function readWave(into: Float64Array, wave: Float64Array, frames: number, registers: Float64Array): void {
  let phase = registers[PHASE] as number;
  let step = registers[STEP] as number;
  const stepGrowth = registers[STEP_GROWTH] as number;
  for (let k = 0; k < frames; k++) {
    const place = phase * TABLE_LENGTH;
    const at = place | 0;
    const low = wave[at] as number;
    into[k] = low + ((wave[at + 1] as number) - low) * (place - at);
    step += stepGrowth;
    phase += step;
    if (phase >= 1) phase -= 1;
  }
  registers[PHASE] = phase;
}

/** Two saws, one turned over and late by the width of the pulse. */
export function readPulse(into: Float64Array, wave: Float64Array, frames: number, registers: Float64Array): void {
  let phase = registers[PHASE] as number;
  let step = registers[STEP] as number;
  const stepGrowth = registers[STEP_GROWTH] as number;
  let width = registers[WIDTH] as number;
  const widthGrowth = registers[WIDTH_GROWTH] as number;
  for (let k = 0; k < frames; k++) {
    const place = phase * TABLE_LENGTH;
    const at = place | 0;
    const low = wave[at] as number;
    const first = low + ((wave[at + 1] as number) - low) * (place - at);
    let late = phase + width;
    if (late >= 1) late -= 1;
    const latePlace = late * TABLE_LENGTH;
    const lateAt = latePlace | 0;
    const lateLow = wave[lateAt] as number;
    into[k] = first - lateLow - ((wave[lateAt + 1] as number) - lateLow) * (latePlace - lateAt);
    width += widthGrowth;
    step += stepGrowth;
    phase += step;
    if (phase >= 1) phase -= 1;
  }
  registers[PHASE] = phase;
}

/** With its phase moved by another signal: what is called FM. */
export function readBent(
  into: Float64Array,
  wave: Float64Array,
  frames: number,
  registers: Float64Array,
  bend: Float64Array,
  index: Control,
): void {
  let phase = registers[PHASE] as number;
  let step = registers[STEP] as number;
  const stepGrowth = registers[STEP_GROWTH] as number;
  let depth = index.from * RADIANS_TO_TURNS;
  const depthGrowth = (index.to - index.from) * RADIANS_TO_TURNS / frames;
  for (let k = 0; k < frames; k++) {
    depth += depthGrowth;
    const bent = phase + (bend[k] as number) * depth;
    const place = (bent - Math.floor(bent)) * TABLE_LENGTH;
    const at = place | 0;
    const low = wave[at] as number;
    // A phase that rounds to a whole turn reads the last sample, which equals the first.
    const high = at < TABLE_LENGTH ? wave[at + 1] as number : low;
    into[k] = low + (high - low) * (place - at);
    step += stepGrowth;
    phase += step;
    if (phase >= 1) phase -= 1;
  }
  registers[PHASE] = phase;
}
