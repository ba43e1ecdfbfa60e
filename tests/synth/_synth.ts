/** What tests of the bridge share. */

import { createSynth, type Preset, type Synth, type SynthOptions } from "../../synth/mod.ts";

/** Runs a test with a synth, and closes it whatever happens. */
export async function withSynth(use: (synth: Synth) => Promise<void>, options: SynthOptions = {}): Promise<void> {
  const synth = await createSynth(options);
  try {
    await use(synth);
  } finally {
    await synth.close();
  }
}

/** A preset that is none of ours. */
export const mine: Preset = {
  version: 1,
  id: "mine",
  name: "Mine",
  role: "keys",
  description: "",
  tags: [],
  oscillators: [{ shape: "triangle", level: "-6 dB" }],
  amp: { attack: "5 ms", decay: "300 ms", sustain: "40 %", release: "200 ms" },
};
