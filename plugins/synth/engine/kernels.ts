/**
 * Makes the kernels of planned nodes.
 *
 * @module
 */

import { Chorus } from "../dsp/chorus.ts";
import { Compressor } from "../dsp/compressor.ts";
import { Control, Param } from "../dsp/control.ts";
import { Delay } from "../dsp/delay.ts";
import { Distortion, type DistortionCurve } from "../dsp/distortion.ts";
import { Envelope } from "../dsp/envelope.ts";
import { Filter } from "../dsp/filter.ts";
import type { FilterMode } from "../dsp/filter_section.ts";
import { type Bus, createBus, type Kernel, type VoiceState } from "../dsp/kernel.ts";
import { Lfo, type LfoShape } from "../dsp/lfo.ts";
import { LimiterKernel } from "../dsp/limiter.ts";
import { Gain, Mixer, Pan } from "../dsp/mixing.ts";
import { Noise, type NoiseColour } from "../dsp/noise.ts";
import { Oscillator, type OscillatorShape } from "../dsp/oscillator.ts";
import { Phaser } from "../dsp/phaser.ts";
import { seedOf } from "../dsp/random.ts";
import { Reverb } from "../dsp/reverb.ts";
import type { PlannedNode } from "../graph/plan.ts";
import type { KernelScope } from "./kernel_scope.ts";
import { LoopDelay } from "./loop_delay.ts";

/** The kernels of some nodes, in order; a `Mixer` comes before a node that has several inputs. */
export function createKernels(order: readonly number[], scope: KernelScope, voice?: VoiceState): Kernel[] {
  return order.flatMap((index) => createKernel(scope.plan.nodes[index] as PlannedNode, scope, voice));
}

function createKernel(node: PlannedNode, scope: KernelScope, voice: VoiceState | undefined): Kernel[] {
  const { sampleRate, buses } = scope;
  const out = buses[node.index] as Bus;
  const params = scope.params[node.index] as { readonly [name: string]: Param };
  const param = (name: string) => params[name] as Param;
  const modulations = (name: string) =>
    node.modulations.filter((modulation) => modulation.param === name)
      .map(({ from, depth }) => ({ signal: (buses[from] as Bus).left, depth }));
  const control = (name: string) => new Control(param(name), modulations(name));
  const fixed = (name: string) => node.numbers[name] as number;
  const choice = (name: string) => node.choices[name] as string;
  const seed = seedOf(scope.seed, node.index);
  const { mixer, input } = inputOf(node, scope);
  const before = mixer === undefined ? [] : [mixer];
  const common = { input, out, sampleRate };

  switch (node.type) {
    case "oscillator":
      return [
        ...before,
        new Oscillator({
          shape: choice("shape") as OscillatorShape,
          out,
          phaseInput: node.inputs.length === 0 ? undefined : input,
          semitones: control("semitones"),
          level: control("level"),
          pulseWidth: control("pulseWidth"),
          fmIndex: control("fmIndex"),
          frequencyHz: control("frequencyHz"),
          unison: Math.round(fixed("unison")),
          spreadCents: fixed("spreadCents"),
          width: fixed("width"),
          phase: fixed("phase") % 1,
          sampleRate,
          seed,
          voice,
          quality: scope.quality,
        }),
      ];
    case "noise":
      return [new Noise({ colour: choice("colour") as NoiseColour, out, level: control("level"), seed, voice })];
    case "envelope":
      return [
        new Envelope({
          out,
          attackS: param("attackS"),
          holdS: param("holdS"),
          decayS: param("decayS"),
          sustain: param("sustain"),
          releaseS: param("releaseS"),
          velocityAmount: param("velocityAmount"),
          sampleRate,
          voice,
        }),
      ];
    case "lfo":
      return [
        new Lfo({
          shape: choice("shape") as LfoShape,
          out,
          rateHz: control("rateHz"),
          phase: fixed("phase") % 1,
          fadeS: param("fadeS"),
          sampleRate,
          seed,
          voice,
        }),
      ];
    case "filter":
      return [
        ...before,
        new Filter({
          ...common,
          mode: choice("mode") as FilterMode,
          slope: choice("slope") === "24" ? 24 : 12,
          cutoffHz: new Control(param("cutoffHz")),
          // The cutoff is modulated in octaves.
          octaves: new Control(ZERO, modulations("cutoffHz")),
          q: control("q"),
          gainDb: control("gainDb"),
          keyTracking: new Control(param("keyTracking")),
          voice,
        }),
      ];
    case "gain":
      return [
        ...before,
        new Gain({ input, out, gain: new Control(param("gain")), modulations: modulations("gain") }),
      ];
    case "pan":
      return [...before, new Pan({ input, out, position: control("position") })];
    case "mixer":
      return [new Mixer(out, sourcesOf(node, scope))];
    case "distortion":
      return [
        ...before,
        new Distortion({
          input,
          out,
          curve: choice("curve") as DistortionCurve,
          drive: control("drive"),
          mix: control("mix"),
        }),
      ];
    case "delay": {
      const delay = new Delay({
        ...common,
        isPingPong: choice("mode") === "ping-pong",
        timeS: control("timeS"),
        feedback: control("feedback"),
        dampingHz: control("dampingHz"),
        mix: control("mix"),
        maxTimeS: Math.min(8, Math.max(0.5, 2 * fixed("timeS"))),
        isInLoop: node.isInLoop,
      });
      // In a loop what it takes is mixed after everything else, before it is written.
      return node.isInLoop ? [new LoopDelay(delay, mixer)] : [...before, delay];
    }
    case "chorus":
      return [
        ...before,
        new Chorus({ ...common, rateHz: control("rateHz"), depthS: control("depthS"), mix: control("mix") }),
      ];
    case "phaser":
      return [
        ...before,
        new Phaser({
          ...common,
          stages: Number(choice("stages")),
          rateHz: control("rateHz"),
          centreHz: control("centreHz"),
          depthOctaves: control("depthOctaves"),
          feedback: control("feedback"),
          mix: control("mix"),
        }),
      ];
    case "reverb":
      return [
        ...before,
        new Reverb({
          ...common,
          size: fixed("size"),
          preDelayS: fixed("preDelayS"),
          decayS: control("decayS"),
          dampingHz: control("dampingHz"),
          mix: control("mix"),
        }),
      ];
    case "compressor":
      return [
        ...before,
        new Compressor({
          ...common,
          thresholdDb: control("thresholdDb"),
          ratio: control("ratio"),
          attackS: control("attackS"),
          releaseS: control("releaseS"),
          makeupDb: control("makeupDb"),
        }),
      ];
    case "limiter":
      return [...before, new LimiterKernel({ ...common, ceilingDb: fixed("ceilingDb"), releaseS: fixed("releaseS") })];
    case "voices":
      return []; // the renderer fills its bus
  }
}

const ZERO = new Param(0, { min: 0, max: 0 });

function sourcesOf(node: PlannedNode, scope: KernelScope): { bus: Bus; gain: number }[] {
  return node.inputs.map(({ from, gain }) => ({ bus: scope.buses[from] as Bus, gain }));
}

/** One input is read where it is; several, or one with a gain, are mixed first. */
export function inputOf(node: PlannedNode, scope: KernelScope): { mixer?: Mixer; input: Bus } {
  const sources = sourcesOf(node, scope);
  const [first] = sources;
  if (first === undefined) return { input: SILENCE };
  if (sources.length === 1 && first.gain === 1) return { input: first.bus };
  const input = createBus(sources.some(({ bus }) => bus.channels === 2) ? 2 : 1);
  return { mixer: new Mixer(input, sources), input };
}

const SILENCE = createBus(1);
