/**
 * The graph of a preset while it is being built.
 *
 * @module
 */

import type { AnyGraphNode, DspGraph, GraphModulation } from "../graph/schema.ts";
import type { NormalPreset } from "./normalise.ts";

/** Something that was changed on the way, for people. */
export interface GraphNote {
  readonly param: string;
  readonly from: number;
  readonly to: number;
  readonly why: string;
}

/** Takes nodes as they are added, and reads the values of the preset for them. */
export class GraphDraft {
  readonly notes: GraphNote[] = [];
  /** The highest frequency that the sample rate can hold, with a margin. */
  readonly highestHz: number;
  readonly #preset: NormalPreset;
  readonly #nodes: AnyGraphNode[] = [];
  /** What moves a target, by the target's name in presets. */
  readonly #modulations = new Map<string, GraphModulation[]>();

  constructor(preset: NormalPreset, sampleRate: number) {
    this.#preset = preset;
    this.highestHz = 0.49 * sampleRate;
  }

  /** Adds a node; returns its id. */
  add(id: string, type: AnyGraphNode["type"], rest: Partial<AnyGraphNode>): string {
    this.#nodes.push({ id, type, ...rest });
    return id;
  }

  /** Says that a node moves a target, whatever that will be in the graph. */
  modulate(target: string, from: string, depth: number): void {
    const list = this.#modulations.get(target) ?? [];
    list.push({ param: target, from, depth });
    this.#modulations.set(target, list);
  }

  /** What moves a target, as modulations of a parameter of a node. */
  modulationsOf(target: string, param: string): GraphModulation[] {
    return (this.#modulations.get(target) ?? []).map((modulation) => ({ ...modulation, param }));
  }

  /** Whether the preset has a section. */
  has(section: string): boolean {
    return Object.keys(this.#preset.values).some((path) => path.startsWith(`${section}.`));
  }

  /** A value of the preset, 0 if it is absent. */
  value(path: string): number {
    return this.#preset.values[path]?.value ?? 0;
  }

  /** A value, which is clamped if it is a frequency that the sample rate cannot hold. */
  belowNyquist(path: string): number {
    const value = this.value(path);
    if (this.#preset.values[path]?.unit !== "Hz" || value <= this.highestHz) return value;
    this.notes.push({ param: path, from: value, to: this.highestHz, why: "above what the sample rate can hold" });
    return this.highestHz;
  }

  /** Some values of a section, by name; frequencies below the limit. */
  numbers(section: string, names: readonly string[]): { [name: string]: number } {
    return Object.fromEntries(names.map((name) => [name, this.belowNyquist(`${section}.${name}`)]));
  }

  /** A choice of the preset. */
  word(path: string): string {
    return this.#preset.words[path] ?? "";
  }

  /** The graph of all nodes. */
  finish(output: string): DspGraph {
    return { version: 1, nodes: this.#nodes as unknown as DspGraph["nodes"], output };
  }
}
