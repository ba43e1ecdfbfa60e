/**
 * The entry for applications that want sound: `@streamrack/core/synth`.
 *
 * {@linkcode createSynth} gives an engine that turns prompts, presets and
 * graphs into audio, in a worker of its own.
 *
 * @module
 */

export { createSynth, Synth } from "./synth.ts";
export type { AudioBlocks, CallOptions, GeneratedAudio, LoadedPreset, PresetOptions, SynthOptions } from "./types.ts";
export { Instrument, type InstrumentOptions } from "./instrument.ts";
export * from "../plugins/synth/api.ts";
