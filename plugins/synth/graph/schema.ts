/**
 * The DSP graph as a document: the typed intermediate form between a preset
 * and the engine.
 *
 * @module
 */

import * as v from "valibot";
import { NODE_TYPE_SPECS, type NODE_TYPES, type NodeTypeName } from "./node_types.ts";

type Numbers<T extends NodeTypeName> = keyof typeof NODE_TYPES[T]["numbers"] & string;
type Choices<T extends NodeTypeName> = {
  readonly [C in keyof typeof NODE_TYPES[T]["choices"]]?: (typeof NODE_TYPES[T]["choices"])[C] extends
    { readonly words: readonly (infer W)[] } ? W : never;
};

/** A connection into a node. */
export interface GraphInput {
  /** Id of the node it comes from. */
  readonly from: string;
  /** Amplitude ratio. Default: 1. */
  readonly gain?: number | undefined;
}

/** A signal that moves a parameter. */
export interface GraphModulation<P extends string = string> {
  readonly param: P;
  /** Id of the node that gives the signal. */
  readonly from: string;
  /** What a signal of 1 adds, in the unit that the parameter is modulated in (octaves for a cutoff). */
  readonly depth: number;
}

type NodeOf<T extends NodeTypeName> = {
  readonly id: string;
  readonly type: T;
  readonly choices?: Choices<T> | undefined;
  readonly numbers?: { readonly [P in Numbers<T>]?: number } | undefined;
  readonly inputs?: readonly GraphInput[] | undefined;
  readonly modulations?: readonly GraphModulation<Numbers<T>>[] | undefined;
};

/** One node of a graph. `type` decides which choices and numbers it has. */
export type GraphNode = { [T in NodeTypeName]: NodeOf<T> }[NodeTypeName];

/** A DSP graph. Its signal flows along `inputs` to the node `output`. */
export interface DspGraph {
  readonly version: 1;
  readonly nodes: readonly GraphNode[];
  /** Id of the node that is heard. */
  readonly output: string;
}

/** A node as the compiler sees it, whatever its type. */
export interface AnyGraphNode {
  readonly id: string;
  readonly type: NodeTypeName;
  readonly choices?: { readonly [name: string]: string | undefined } | undefined;
  readonly numbers?: { readonly [name: string]: number | undefined } | undefined;
  readonly inputs?: readonly GraphInput[] | undefined;
  readonly modulations?: readonly GraphModulation[] | undefined;
}

/** Most nodes of a graph. */
export const MAX_GRAPH_NODES = 256;
const MAX_CONNECTIONS = 64;

const id = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z][\w-]{0,63}$/, "Expected a letter, then at most 63 letters, digits, - or _"),
  v.description("Unique name of the node."),
);
const input = v.strictObject({
  from: id,
  gain: v.optional(v.pipe(v.number(), v.minValue(-16), v.maxValue(16), v.description("Amplitude ratio. Default: 1."))),
});

function nodeSchema(type: NodeTypeName): v.GenericSchema<unknown, AnyGraphNode> {
  const { summary, choices, numbers } = NODE_TYPE_SPECS[type];
  const choiceEntries = Object.entries(choices).map(([name, { words, about }]) => [
    name,
    v.optional(v.pipe(v.picklist(words), v.description(`${about} Default: ${words[0]}.`))),
  ]);
  const numberEntries = Object.entries(numbers).map(([name, { min, max, fallback, about }]) => [
    name,
    v.optional(v.pipe(v.number(), v.minValue(min), v.maxValue(max), v.description(`${about} Default: ${fallback}.`))),
  ]);
  const modulated = Object.entries(numbers).flatMap(([name, spec]) => spec.modulation === undefined ? [] : [name]);
  const modulation = v.strictObject({
    param: v.picklist(modulated),
    from: id,
    depth: v.pipe(v.number(), v.minValue(-1e5), v.maxValue(1e5)),
  });
  return v.pipe(
    v.strictObject({
      id,
      type: v.literal(type),
      choices: v.optional(v.strictObject(Object.fromEntries(choiceEntries))),
      numbers: v.optional(v.strictObject(Object.fromEntries(numberEntries))),
      inputs: v.optional(v.pipe(v.array(input), v.maxLength(MAX_CONNECTIONS))),
      modulations: v.optional(v.pipe(v.array(modulation), v.maxLength(MAX_CONNECTIONS))),
    }),
    v.description(summary),
  ) as unknown as v.GenericSchema<unknown, AnyGraphNode>;
}

const nodeSchemas = (Object.keys(NODE_TYPE_SPECS) as NodeTypeName[]).map(nodeSchema);

/** The schema of a DSP graph. Connections are checked by `planGraph`. */
export const DspGraphSchema: v.GenericSchema<DspGraph> = v.strictObject({
  version: v.literal(1),
  nodes: v.pipe(
    v.array(v.variant("type", nodeSchemas as never)),
    v.minLength(1),
    v.maxLength(MAX_GRAPH_NODES),
  ),
  output: id,
}) as unknown as v.GenericSchema<DspGraph>;
