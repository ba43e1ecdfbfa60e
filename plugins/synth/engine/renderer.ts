/**
 * Performs a graph: notes and changes in, blocks of samples out.
 *
 * @module
 */

import { type Bus, type Kernel, QUANTUM, type VoiceState } from "../dsp/kernel.ts";
import { Limiter } from "../dsp/limiter.ts";
import { NODE_TYPE_SPECS, type NumberSpec } from "../graph/node_types.ts";
import type { GraphPlan } from "../graph/plan.ts";
import type { Param } from "../dsp/control.ts";
import { createScope, type KernelScope } from "./kernel_scope.ts";
import { createKernels, inputOf } from "./kernels.ts";
import { Voice } from "./voice.ts";
import { VoicePool } from "./voice_pool.ts";

/**
 * An amplitude that no sound has: 100 dB over full scale. A loop of a graph
 * that grows beyond it would soon be more than the limiter can compute with.
 */
const RUNAWAY = 1e5;

/** How a graph is performed. */
export interface RendererOptions {
  /** 8000 to 192 000 Hz. */
  readonly sampleRate: number;
  readonly channels: 1 | 2;
  readonly seed: number;
  /** Gain in front of the limiter, as an amplitude ratio. Default: 1. */
  readonly gain?: number | undefined;
  /** How far the limiter looks ahead, in seconds: that much later the sound comes. Default: 0.005. */
  readonly lookaheadS?: number | undefined;
  /** True peak that is never passed, in dBTP. Default: -1. */
  readonly ceilingDb?: number | undefined;
}

/** What happens at a frame. */
export type RendererEvent =
  | { readonly kind: "note-on"; readonly frame: number; readonly note: number; readonly velocity: number }
  | { readonly kind: "note-off"; readonly frame: number; readonly note: number }
  | { readonly kind: "set"; readonly frame: number; readonly param: Param; readonly value: number };

/** One performance of a graph. Rendering allocates nothing. */
export class Renderer {
  readonly sampleRate: number;
  readonly channels: 1 | 2;
  /** How many frames what is heard is late. */
  readonly latencyFrames: number;
  readonly #plan: GraphPlan;
  readonly #scope: KernelScope;
  readonly #mixKernels: readonly Kernel[];
  readonly #voices: VoicePool | undefined;
  readonly #voicesBus: Bus | undefined;
  readonly #out: Bus;
  readonly #limiter: Limiter;
  readonly #left = new Float64Array(QUANTUM);
  readonly #right: Float64Array;
  readonly #events: RendererEvent[] = [];
  readonly #moving: Param[] = [];
  readonly #gain: number;
  #frame = 0;
  /** What has been computed and not yet been given. */
  #ready = 0;
  #given = 0;
  /** Samples that were silenced, since the graph had run away. */
  silencedSamples = 0;

  constructor(plan: GraphPlan, options: RendererOptions) {
    const { sampleRate, channels, seed, gain = 1, lookaheadS = 0.005, ceilingDb = -1 } = options;
    this.sampleRate = sampleRate;
    this.channels = channels;
    this.#plan = plan;
    this.#gain = gain;
    this.#scope = createScope(plan, { sampleRate, seed });
    this.#mixKernels = createKernels(plan.mixOrder, this.#scope);
    this.#right = channels === 1 ? this.#left : new Float64Array(QUANTUM);
    this.#out = this.#scope.buses[plan.output] as Bus;
    this.#limiter = new Limiter({ channels, sampleRate, ceilingDb, lookaheadS, releaseS: 0.08 });
    this.latencyFrames = this.#limiter.latencyFrames;

    const node = plan.voices === undefined ? undefined : plan.nodes[plan.voices];
    if (node === undefined) return;
    this.#voicesBus = this.#scope.buses[node.index];
    const { mixer, input } = inputOf(node, this.#scope);
    const kernelsOf = (state: VoiceState) => [
      ...createKernels(plan.voiceOrder, this.#scope, state),
      ...mixer === undefined ? [] : [mixer],
    ];
    this.#voices = new VoicePool({
      mode: node.choices["mode"] as "mono" | "poly",
      polyphony: Math.round(node.numbers["polyphony"] as number),
      glide: this.#scope.params[node.index]?.["glideS"],
      seed,
      createVoice: () => new Voice(kernelsOf, input, sampleRate),
    });
  }

  /** Frames that were given so far. */
  get frame(): number {
    return this.#frame - this.#ready + this.#given;
  }

  /** Voices that sound now. */
  get activeVoices(): number {
    return this.#voices?.active ?? 0;
  }

  /** Most voices and unison parts from now on: less is faster. */
  limit({ voiceShare, maxUnison }: { readonly voiceShare: number; readonly maxUnison: number }): void {
    this.#voices?.limit(voiceShare);
    this.#scope.quality.maxUnison = maxUnison;
  }

  /** Takes an event; one whose frame has been computed happens at once. Events of one frame keep their order. */
  schedule(event: RendererEvent): void {
    let at = this.#events.length;
    while (at > 0 && (this.#events[at - 1] as RendererEvent).frame > event.frame) at -= 1;
    this.#events.splice(at, 0, event);
  }

  /** A parameter that can be changed while it sounds; `undefined` if the graph has none of that name. */
  param(nodeId: string, name: string): Param | undefined {
    const node = this.#plan.nodes.find(({ id }) => id === nodeId);
    const specs: { readonly [name: string]: NumberSpec } | undefined = node && NODE_TYPE_SPECS[node.type].numbers;
    if (node === undefined || specs?.[name] === undefined || specs[name].isFixed === true) return undefined;
    return this.#scope.params[node.index]?.[name];
  }

  /** Fills a buffer with the next interleaved frames. */
  render(into: Float32Array): void {
    const { channels } = this;
    const frames = into.length / channels;
    for (let done = 0; done < frames;) {
      if (this.#given === this.#ready) this.#compute();
      const run = Math.min(frames - done, this.#ready - this.#given);
      if (channels === 1) {
        for (let k = 0; k < run; k++) into[done + k] = this.#left[this.#given + k] as number;
      } else {
        for (let k = 0; k < run; k++) {
          const at = 2 * (done + k);
          into[at] = this.#left[this.#given + k] as number;
          into[at + 1] = this.#right[this.#given + k] as number;
        }
      }
      this.#given += run;
      done += run;
    }
  }

  /** Computes up to the next multiple of a quantum, or up to the next event. */
  #compute(): void {
    while (this.#events.length > 0 && (this.#events[0] as RendererEvent).frame <= this.#frame) {
      this.#happen(this.#events.shift() as RendererEvent);
    }
    let frames = QUANTUM - this.#frame % QUANTUM;
    const next = this.#events[0];
    if (next !== undefined) frames = Math.min(frames, next.frame - this.#frame);
    this.#advanceParams(frames);

    const bus = this.#voicesBus;
    if (bus !== undefined) {
      bus.left.fill(0, 0, frames);
      if (bus.channels === 2) bus.right.fill(0, 0, frames);
      this.#voices?.addTo(bus, frames);
    }
    for (let i = 0; i < this.#mixKernels.length; i++) (this.#mixKernels[i] as Kernel).process(frames);
    for (let i = 0; i < this.#mixKernels.length; i++) this.#mixKernels[i]?.write?.(frames);
    this.#finish(frames);
    this.#frame += frames;
    this.#ready = frames;
    this.#given = 0;
  }

  /** Gain, channels, nothing that has run away, no peak beyond the ceiling. */
  #finish(frames: number): void {
    const { left, right, channels } = this.#out;
    const gain = this.#gain;
    const isSum = this.channels === 1 && channels === 2;
    let isSound = true;
    for (let k = 0; k < frames; k++) {
      const a = (left[k] as number) * gain;
      const b = (right[k] as number) * gain;
      // Written so that it is false for NaN, too.
      if (!(a < RUNAWAY && a > -RUNAWAY && b < RUNAWAY && b > -RUNAWAY)) isSound = false;
      this.#left[k] = isSum ? 0.5 * (a + b) : a;
      if (this.channels === 2) this.#right[k] = b;
    }
    if (!isSound) {
      this.#left.fill(0, 0, frames);
      this.#right.fill(0, 0, frames);
      this.silencedSamples += frames * this.channels;
    }
    this.#limiter.process(this.#left, this.#right, frames);
  }

  #advanceParams(frames: number): void {
    let kept = 0;
    for (let i = 0; i < this.#moving.length; i++) {
      const param = this.#moving[i] as Param;
      if (param.advance(frames)) this.#moving[kept++] = param;
    }
    this.#moving.length = kept;
  }

  #happen(event: RendererEvent): void {
    switch (event.kind) {
      case "note-on":
        return this.#voices?.noteOn(event.note, event.velocity);
      case "note-off":
        return this.#voices?.noteOff(event.note);
      case "set":
        event.param.set(event.value, this.sampleRate);
        if (!this.#moving.includes(event.param)) this.#moving.push(event.param);
    }
  }
}
