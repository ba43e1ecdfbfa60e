/**
 * The part of a preset's graph that each note has of its own: modulators,
 * oscillators, noise, filter, VCA.
 *
 * @module
 */

import { log2 } from "../dsp/exact_math.ts";
import type { GraphInput } from "../graph/schema.ts";
import type { GraphDraft } from "./graph_draft.ts";

/** Most that an LFO of full depth does. */
const LFO_CUTOFF_OCTAVES = 2;
const LFO_FM_RADIANS = 5;
const LFO_PULSE_WIDTH = 0.45;

/** Adds the voice, and the node that adds voices up; returns its id. */
export function addVoice(draft: GraphDraft): string {
  addModulators(draft);
  const sources = [...addOscillators(draft), ...addNoise(draft)];
  let voice: readonly GraphInput[] = sources.map((from) => ({ from }));
  if (draft.has("filter")) voice = [{ from: addFilter(draft, voice) }];
  let last = draft.add("vca", "gain", {
    numbers: { gain: 0 },
    inputs: voice,
    modulations: [{ param: "gain", from: "amp", depth: 1 }],
  });
  const tremolo = draft.modulationsOf("level", "gain");
  if (tremolo.length > 0) {
    // At full depth it swings between silence and full level.
    const depth = tremolo.reduce((sum, modulation) => sum + modulation.depth, 0);
    last = draft.add("tremolo", "gain", {
      numbers: { gain: 1 - depth / 2 },
      inputs: [{ from: last }],
      modulations: tremolo.map((modulation) => ({ ...modulation, depth: modulation.depth / 2 })),
    });
  }
  return draft.add("voices", "voices", {
    choices: { mode: draft.word("voices.mode") },
    numbers: { polyphony: Math.round(draft.value("voices.polyphony")), glideS: draft.value("voices.glideS") },
    inputs: [{ from: last }],
  });
}

function addModulators(draft: GraphDraft): void {
  addEnvelope(draft, "amp");
  if (draft.has("filterEnvelope")) addEnvelope(draft, "filterEnvelope");
  if (draft.has("pitchEnvelope")) {
    draft.add("pitchEnvelope", "envelope", {
      numbers: { attackS: 0, decayS: draft.value("pitchEnvelope.decayS"), sustain: 0, velocityAmount: 0 },
    });
    draft.modulate("pitch", "pitchEnvelope", draft.value("pitchEnvelope.semitones"));
  }
  for (let i = 0; draft.has(`lfos.${i}`); i++) addLfo(draft, i);
}

function addEnvelope(draft: GraphDraft, section: string): void {
  const names = ["attackS", "holdS", "decayS", "sustain", "releaseS", "velocityAmount"];
  draft.add(section, "envelope", { numbers: draft.numbers(section, names) });
}

function addLfo(draft: GraphDraft, index: number): void {
  const path = `lfos.${index}`;
  const id = draft.add(`lfo${index + 1}`, "lfo", {
    choices: { shape: draft.word(`${path}.shape`) },
    numbers: {
      rateHz: draft.value(`${path}.rateHz`),
      phase: draft.value(`${path}.phase`),
      fadeS: draft.value(`${path}.fadeS`),
    },
  });
  const target = draft.word(`${path}.target`);
  const most = { cutoff: LFO_CUTOFF_OCTAVES, fm: LFO_FM_RADIANS, pulseWidth: LFO_PULSE_WIDTH }[target] ?? 1;
  draft.modulate(target, id, draft.value(`${path}.depth`) * most);
}

function addOscillators(draft: GraphDraft): string[] {
  const ids: string[] = [];
  for (let i = 0; draft.has(`oscillators.${i}`); i++) ids.push(addOscillator(draft, i));
  return ids;
}

function addOscillator(draft: GraphDraft, index: number): string {
  const value = (name: string) => draft.value(`oscillators.${index}.${name}`);
  const id = `osc${index + 1}`;
  const semitones = value("semitones") + value("detuneCents") / 100;
  const pitch = draft.modulationsOf("pitch", "semitones");
  const frequencyHz = draft.belowNyquist(`oscillators.${index}.frequencyHz`);
  const fmModulations = draft.modulationsOf("fm", "fmIndex");
  let fmIndex = value("fmIndex");
  const hasFm = fmIndex > 0 || (fmModulations.length > 0 && value("fmRatio") !== 1);
  if (hasFm) {
    draft.add(`${id}fm`, "oscillator", {
      choices: { shape: "sine" },
      numbers: {
        semitones: semitones + 12 * log2(value("fmRatio")),
        frequencyHz: Math.min(draft.highestHz, frequencyHz * value("fmRatio")),
      },
      modulations: pitch,
    });
  }
  if (hasFm && draft.has("fmEnvelope")) {
    const envelope = draft.add(`${id}fmEnvelope`, "envelope", {
      numbers: {
        attackS: 0,
        decayS: draft.value("fmEnvelope.decayS"),
        sustain: draft.value("fmEnvelope.sustain"),
        releaseS: Math.max(0.001, draft.value("amp.releaseS")),
        velocityAmount: 0.8,
      },
    });
    fmModulations.push({ param: "fmIndex", from: envelope, depth: fmIndex });
    fmIndex = 0;
  }
  return draft.add(id, "oscillator", {
    choices: { shape: draft.word(`oscillators.${index}.shape`) },
    numbers: {
      semitones,
      frequencyHz,
      level: value("level"),
      unison: Math.round(value("unison")),
      spreadCents: value("spreadCents"),
      width: value("width"),
      pulseWidth: value("pulseWidth"),
      fmIndex,
    },
    inputs: hasFm ? [{ from: `${id}fm` }] : [],
    modulations: [
      ...pitch,
      ...draft.modulationsOf("pulseWidth", "pulseWidth"),
      ...hasFm ? fmModulations : [],
    ],
  });
}

function addNoise(draft: GraphDraft): string[] {
  if (!draft.has("noise")) return [];
  const numbers = { level: draft.value("noise.level"), width: draft.value("noise.width") };
  return [draft.add("noise", "noise", { choices: { colour: draft.word("noise.colour") }, numbers })];
}

function addFilter(draft: GraphDraft, inputs: readonly GraphInput[]): string {
  const octaves = draft.value("filter.envelopeOctaves");
  const envelope = draft.has("filterEnvelope") ? "filterEnvelope" : "amp";
  return draft.add("filter", "filter", {
    choices: { mode: draft.word("filter.mode"), slope: draft.word("filter.slope") },
    numbers: draft.numbers("filter", ["cutoffHz", "q", "keyTracking"]),
    inputs,
    modulations: [
      ...octaves === 0 ? [] : [{ param: "cutoffHz", from: envelope, depth: octaves }],
      ...draft.modulationsOf("cutoff", "cutoffHz"),
    ],
  });
}
