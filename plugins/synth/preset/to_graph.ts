/**
 * Builds the DSP graph of a preset.
 *
 * @module
 */

import { log2 } from "../dsp/exact_math.ts";
import type { AnyGraphNode, DspGraph, GraphInput, GraphModulation } from "../graph/schema.ts";
import type { NormalPreset } from "./normalise.ts";

/** Something that was changed on the way, for people. */
export interface GraphNote {
  readonly param: string;
  readonly from: number;
  readonly to: number;
  readonly why: string;
}

/** A graph, and what had to be changed for it. */
export interface BuiltGraph {
  readonly graph: DspGraph;
  readonly notes: readonly GraphNote[];
}

/** Most that an LFO of full depth does. */
const LFO_CUTOFF_OCTAVES = 2;
const LFO_FM_RADIANS = 5;
const LFO_PULSE_WIDTH = 0.45;

/** Builds the graph of a preset for a sample rate: what lies above its Nyquist frequency is clamped, and noted. */
export function presetGraph(preset: NormalPreset, sampleRate: number): BuiltGraph {
  const builder = new Builder(preset, sampleRate);
  return { graph: builder.build(), notes: builder.notes };
}

class Builder {
  readonly notes: GraphNote[] = [];
  readonly #preset: NormalPreset;
  readonly #highestHz: number;
  readonly #nodes: AnyGraphNode[] = [];
  /** Modulations of oscillators, by parameter. */
  readonly #modulations = new Map<string, GraphModulation[]>();

  constructor(preset: NormalPreset, sampleRate: number) {
    this.#preset = preset;
    this.#highestHz = 0.49 * sampleRate;
  }

  build(): DspGraph {
    this.#addVoiceModulators();
    const sources = [...this.#addOscillators(), ...this.#addNoise()];
    let voice: readonly GraphInput[] = sources.map((from) => ({ from }));
    if (this.#has("filter")) voice = [{ from: this.#addFilter(voice) }];
    this.#add("vca", "gain", {
      numbers: { gain: 0 },
      inputs: voice,
      modulations: [{ param: "gain", from: "amp", depth: 1 }],
    });
    let last = "vca";
    const tremolo = this.#modulations.get("level");
    if (tremolo !== undefined) {
      // At full depth it swings between silence and full level.
      const depth = tremolo.reduce((sum, modulation) => sum + modulation.depth, 0);
      this.#add("tremolo", "gain", {
        numbers: { gain: 1 - depth / 2 },
        inputs: [{ from: last }],
        modulations: tremolo.map((modulation) => ({ ...modulation, param: "gain", depth: modulation.depth / 2 })),
      });
      last = "tremolo";
    }
    this.#add("voices", "voices", {
      choices: { mode: this.#word("voices.mode") },
      numbers: { polyphony: Math.round(this.#value("voices.polyphony")), glideS: this.#value("voices.glideS") },
      inputs: [{ from: last }],
    });
    return { version: 1, nodes: this.#nodes as unknown as DspGraph["nodes"], output: this.#addEffects("voices") };
  }

  #addVoiceModulators(): void {
    const envelope = (id: string, section: string) => {
      const numbers = Object.fromEntries(
        ["attackS", "holdS", "decayS", "sustain", "releaseS", "velocityAmount"].map((name) => [
          name,
          this.#value(`${section}.${name}`),
        ]),
      );
      this.#add(id, "envelope", { numbers });
    };
    envelope("amp", "amp");
    if (this.#has("filterEnvelope")) envelope("filterEnvelope", "filterEnvelope");
    if (this.#has("pitchEnvelope")) {
      this.#add("pitchEnvelope", "envelope", {
        numbers: { attackS: 0, decayS: this.#value("pitchEnvelope.decayS"), sustain: 0, velocityAmount: 0 },
      });
      this.#modulate("pitch", "pitchEnvelope", this.#value("pitchEnvelope.semitones"));
    }
    for (let i = 0; this.#has(`lfos.${i}`); i++) this.#addLfo(i);
  }

  #addLfo(index: number): void {
    const path = `lfos.${index}`;
    const id = `lfo${index + 1}`;
    const numbers = {
      rateHz: this.#value(`${path}.rateHz`),
      phase: this.#value(`${path}.phase`),
      fadeS: this.#value(`${path}.fadeS`),
    };
    this.#add(id, "lfo", { choices: { shape: this.#word(`${path}.shape`) }, numbers });
    const target = this.#word(`${path}.target`);
    const most = { cutoff: LFO_CUTOFF_OCTAVES, fm: LFO_FM_RADIANS, pulseWidth: LFO_PULSE_WIDTH }[target] ?? 1;
    this.#modulate(target, id, this.#value(`${path}.depth`) * most);
  }

  #addOscillators(): string[] {
    const ids: string[] = [];
    for (let i = 0; this.#has(`oscillators.${i}`); i++) {
      const value = (name: string) => this.#value(`oscillators.${i}.${name}`);
      const id = `osc${i + 1}`;
      const semitones = value("semitones") + value("detuneCents") / 100;
      const pitch = this.#modulationsOf("pitch", "semitones");
      const frequencyHz = this.#belowNyquist(`oscillators.${i}.frequencyHz`);
      const index = value("fmIndex");
      const hasFm = index > 0 || (this.#modulations.has("fm") && value("fmRatio") !== 1);
      if (hasFm) {
        this.#add(`${id}fm`, "oscillator", {
          choices: { shape: "sine" },
          numbers: {
            semitones: semitones + 12 * log2(value("fmRatio")),
            frequencyHz: Math.min(this.#highestHz, frequencyHz * value("fmRatio")),
          },
          modulations: pitch,
        });
      }
      const fmModulations = [...this.#modulationsOf("fm", "fmIndex")];
      let fmIndex = index;
      if (hasFm && this.#has("fmEnvelope")) {
        const envelope = `${id}fmEnvelope`;
        const numbers = {
          attackS: 0,
          decayS: this.#value("fmEnvelope.decayS"),
          sustain: this.#value("fmEnvelope.sustain"),
          releaseS: Math.max(0.001, this.#value("amp.releaseS")),
          velocityAmount: 0.8,
        };
        this.#add(envelope, "envelope", { numbers });
        fmModulations.push({ param: "fmIndex", from: envelope, depth: index });
        fmIndex = 0;
      }
      this.#add(id, "oscillator", {
        choices: { shape: this.#word(`oscillators.${i}.shape`) },
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
          ...this.#modulationsOf("pulseWidth", "pulseWidth"),
          ...hasFm ? fmModulations : [],
        ],
      });
      ids.push(id);
    }
    return ids;
  }

  #addNoise(): string[] {
    if (!this.#has("noise")) return [];
    const numbers = { level: this.#value("noise.level"), width: this.#value("noise.width") };
    this.#add("noise", "noise", { choices: { colour: this.#word("noise.colour") }, numbers });
    return ["noise"];
  }

  #addFilter(inputs: readonly GraphInput[]): string {
    const octaves = this.#value("filter.envelopeOctaves");
    const envelope = this.#has("filterEnvelope") ? "filterEnvelope" : "amp";
    this.#add("filter", "filter", {
      choices: { mode: this.#word("filter.mode"), slope: this.#word("filter.slope") },
      numbers: {
        cutoffHz: this.#belowNyquist("filter.cutoffHz"),
        q: this.#value("filter.q"),
        keyTracking: this.#value("filter.keyTracking"),
      },
      inputs,
      modulations: [
        ...octaves === 0 ? [] : [{ param: "cutoffHz", from: envelope, depth: octaves }],
        ...this.#modulationsOf("cutoff", "cutoffHz"),
      ],
    });
    return "filter";
  }

  #addEffects(first: string): string {
    let last = first;
    const after = (id: string, type: AnyGraphNode["type"], rest: Partial<AnyGraphNode>) => {
      this.#add(id, type, { ...rest, inputs: [{ from: last }] });
      last = id;
    };
    const numbers = (section: string, names: readonly string[]) =>
      Object.fromEntries(names.map((name) => [name, this.#belowNyquist(`${section}.${name}`)]));
    if (this.#has("drive")) {
      after("drive", "distortion", {
        choices: { curve: this.#word("drive.curve") },
        numbers: { drive: this.#value("drive.gain"), mix: this.#value("drive.mix") },
      });
    }
    for (let i = 0; this.#has(`eq.${i}`); i++) {
      after(`eq${i + 1}`, "filter", {
        choices: { mode: this.#word(`eq.${i}.mode`) },
        numbers: numbers(`eq.${i}`, ["cutoffHz", "gainDb", "q"]),
      });
    }
    if (this.#has("phaser")) {
      after("phaser", "phaser", {
        choices: { stages: this.#word("phaser.stages") },
        numbers: numbers("phaser", ["rateHz", "centreHz", "depthOctaves", "feedback", "mix"]),
      });
    }
    if (this.#has("chorus")) after("chorus", "chorus", { numbers: numbers("chorus", ["rateHz", "depthS", "mix"]) });
    if (this.#has("delay")) {
      after("delay", "delay", {
        choices: { mode: this.#word("delay.mode") },
        numbers: numbers("delay", ["timeS", "feedback", "dampingHz", "mix"]),
      });
    }
    if (this.#has("reverb")) {
      after("reverb", "reverb", { numbers: numbers("reverb", ["decayS", "size", "preDelayS", "dampingHz", "mix"]) });
    }
    if (this.#has("compressor")) {
      const names = ["thresholdDb", "ratio", "attackS", "releaseS", "makeupDb"];
      after("compressor", "compressor", { numbers: numbers("compressor", names) });
    }
    const panning = this.#modulationsOf("pan", "position");
    // What moves the place of the whole is not part of a voice; it has its own LFO, since that one may be.
    const movers = panning.map((modulation) => ({ ...modulation, from: this.#copyForMix(modulation.from) }));
    if (this.#value("output.pan") !== 0 || movers.length > 0) {
      after("pan", "pan", { numbers: { position: this.#value("output.pan") }, modulations: movers });
    }
    after("output", "gain", { numbers: { gain: this.#value("output.level") } });
    return last;
  }

  #copyForMix(id: string): string {
    const original = this.#nodes.find((node) => node.id === id) as AnyGraphNode;
    this.#nodes.push({ ...original, id: `${id}mix` });
    return `${id}mix`;
  }

  #add(id: string, type: AnyGraphNode["type"], rest: Partial<AnyGraphNode>): void {
    this.#nodes.push({ id, type, ...rest });
  }

  #modulate(target: string, from: string, depth: number): void {
    const list = this.#modulations.get(target) ?? [];
    list.push({ param: target, from, depth });
    this.#modulations.set(target, list);
  }

  #modulationsOf(target: string, param: string): GraphModulation[] {
    return (this.#modulations.get(target) ?? []).map((modulation) => ({ ...modulation, param }));
  }

  #has(section: string): boolean {
    return Object.keys(this.#preset.values).some((path) => path.startsWith(`${section}.`));
  }

  #value(path: string): number {
    return this.#preset.values[path]?.value ?? 0;
  }

  /** A value, which is clamped if it is a frequency that the sample rate cannot hold. */
  #belowNyquist(path: string): number {
    const value = this.#value(path);
    if (this.#preset.values[path]?.unit !== "Hz" || value <= this.#highestHz) return value;
    this.notes.push({ param: path, from: value, to: this.#highestHz, why: "above what the sample rate can hold" });
    return this.#highestHz;
  }

  #word(path: string): string {
    return this.#preset.words[path] ?? "";
  }
}
