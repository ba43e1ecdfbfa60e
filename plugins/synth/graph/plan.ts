/**
 * From a graph to a plan: connections checked, nodes in the order of
 * computation, each in its place (in every voice, or once), with its number of
 * channels. What is left to do for each performance is to allocate.
 *
 * @module
 */

import type { Problem } from "../../../core/plugin.ts";
import { NODE_TYPE_SPECS, type NumberSpec } from "./node_types.ts";
import { invalid, parse } from "./problems.ts";
import { type AnyGraphNode, type DspGraph, DspGraphSchema } from "./schema.ts";
import { findLoops, inOrder, reachable, type Sources } from "./topology.ts";

/** A node with its place in the plan. */
export interface PlannedNode {
  readonly id: string;
  readonly index: number;
  readonly type: AnyGraphNode["type"];
  readonly channels: 1 | 2;
  /** Whether it closes a cycle, and so gives its output before it has its input. */
  readonly isInLoop: boolean;
  readonly choices: { readonly [name: string]: string };
  readonly numbers: { readonly [name: string]: number };
  readonly inputs: readonly { readonly from: number; readonly gain: number }[];
  readonly modulations: readonly { readonly param: string; readonly from: number; readonly depth: number }[];
}

/** A graph that is ready to be performed. */
export interface GraphPlan {
  /** All nodes, by index. */
  readonly nodes: readonly PlannedNode[];
  /** Indices of what is computed in each voice, and once for all, in order. */
  readonly voiceOrder: readonly number[];
  readonly mixOrder: readonly number[];
  /** The node that adds the voices up, if the graph has one, and what it adds up. */
  readonly voices: number | undefined;
  readonly output: number;
}

/** Gives a graph that has played nodes but no `voices` one, in front of its output. */
function withVoices(graph: DspGraph): DspGraph {
  const nodes = graph.nodes as readonly AnyGraphNode[];
  const isPlayed = nodes.some(({ type }) => NODE_TYPE_SPECS[type].isPlayed === true);
  // An output that names no node is reported as it is.
  const hasOutput = nodes.some((node) => node.id === graph.output);
  if (!isPlayed || !hasOutput || nodes.some(({ type }) => type === "voices")) return graph;
  let id = "voices";
  while (nodes.some((node) => node.id === id)) id += "_";
  return { ...graph, nodes: [...graph.nodes, { id, type: "voices", inputs: [{ from: graph.output }] }], output: id };
}

/**
 * Checks a graph and puts it in order.
 *
 * @throws {StreamrackError} `invalid-data` with every problem: an id twice, a
 * connection from nowhere, a cycle without a delay, a voice that is heard
 * beside `voices`.
 */
export function planGraph(document: unknown): GraphPlan {
  const graph = withVoices(parse(DspGraphSchema as never, document, "graph") as DspGraph);
  const given = graph.nodes as readonly AnyGraphNode[];
  const problems: Problem[] = [];
  const indexOf = new Map<string, number>();
  given.forEach(({ id }, i) => {
    if (indexOf.has(id)) problems.push({ path: `graph.nodes[${i}].id`, message: "is there twice", received: id });
    indexOf.set(id, i);
  });
  const find = (id: string, path: string): number => {
    const index = indexOf.get(id);
    if (index === undefined) problems.push({ path, message: "names no node", received: JSON.stringify(id) });
    return index ?? 0;
  };
  const wired = given.map((node, i) => ({
    inputs: (node.inputs ?? []).map(({ from, gain = 1 }, k) => ({
      from: find(from, `graph.nodes[${i}].inputs[${k}].from`),
      gain,
    })),
    modulations: (node.modulations ?? []).map(({ param, from, depth }, k) => ({
      param,
      from: find(from, `graph.nodes[${i}].modulations[${k}].from`),
      depth,
    })),
  }));
  const output = find(graph.output, "graph.output");
  given.forEach((node, i) => problems.push(...connectionProblems(node, i)));
  if (problems.length > 0) throw invalid("the graph cannot be played", problems);

  const sources = wired.map(({ inputs, modulations }) => ({
    inputs: inputs.map(({ from }) => from),
    modulations: modulations.map(({ from }) => from),
  }));
  const loops = findLoops(given, sources);
  const reached = reachable(output, sources);
  const voices = given.findIndex(({ type }, i) => type === "voices" && reached.has(i));
  const inVoice = voices === -1 ? new Set<number>() : reachable(voices, sources);
  inVoice.delete(voices);
  checkVoices(given, { reached, inVoice, voices, sources, output });

  const order = inOrder(given.length, sources, loops, output).filter((i) => reached.has(i));
  const channels = countChannels(given, order, wired);
  const nodes = given.map((node, index): PlannedNode => ({
    id: node.id,
    index,
    type: node.type,
    channels: channels[index] as 1 | 2,
    isInLoop: loops.has(index),
    choices: withDefaults(node),
    numbers: numbersOf(node),
    ...wired[index] as Pick<PlannedNode, "inputs" | "modulations">,
  }));
  return {
    nodes,
    voiceOrder: order.filter((i) => inVoice.has(i)),
    mixOrder: order.filter((i) => !inVoice.has(i)),
    voices: voices === -1 ? undefined : voices,
    output,
  };
}

function connectionProblems(node: AnyGraphNode, index: number): Problem[] {
  const { kind } = NODE_TYPE_SPECS[node.type];
  const path = `graph.nodes[${index}].inputs`;
  const count = node.inputs?.length ?? 0;
  if (kind === "effect" || kind === "voices") {
    if (count === 0) return [{ path, message: "has nothing to work on", expected: `an input for "${node.id}"` }];
  } else if (count > 0 && node.type !== "oscillator") {
    return [{ path, message: `a node of type ${node.type} takes no input`, expected: "modulations" }];
  }
  return [];
}

interface VoiceCheck {
  readonly reached: ReadonlySet<number>;
  readonly inVoice: ReadonlySet<number>;
  readonly voices: number;
  readonly sources: Sources;
  readonly output: number;
}

function checkVoices(nodes: readonly AnyGraphNode[], { reached, inVoice, voices, sources, output }: VoiceCheck): void {
  const problems: Problem[] = [];
  nodes.forEach((node, i) => {
    if (!reached.has(i)) return;
    const path = `graph.nodes[${i}]`;
    if (node.type === "voices" && i !== voices) {
      problems.push({ path, message: "a graph has one node of type voices", received: node.id });
    }
    if (inVoice.has(i)) return;
    if (NODE_TYPE_SPECS[node.type].isPlayed === true && !(node.type === "oscillator" && isFixedPitch(node))) {
      problems.push({ path, message: "is played by notes, but is heard beside the voices", received: node.id });
    }
    if (i === voices) return;
    const { inputs, modulations } = sources[i] as Sources[number];
    for (const from of [...inputs, ...modulations]) {
      if (!inVoice.has(from)) continue;
      problems.push({ path, message: `"${nodes[from]?.id}" belongs to a voice, and may only lead to the voices` });
    }
  });
  if (inVoice.has(output)) {
    problems.push({ path: "graph.output", message: "belongs to a voice: the voices come after it" });
  }
  if (problems.length > 0) throw invalid("the graph cannot be played", problems);
}

function isFixedPitch(node: AnyGraphNode): boolean {
  return (node.numbers?.["frequencyHz"] ?? 0) > 0;
}

function countChannels(
  nodes: readonly AnyGraphNode[],
  order: readonly number[],
  wired: readonly { readonly inputs: readonly { readonly from: number }[] }[],
): Record<number, 1 | 2> {
  const channels: Record<number, 1 | 2> = {};
  // Twice: within a loop the first pass does not know yet what comes back.
  for (let pass = 0; pass < 2; pass++) {
    for (const i of order) {
      const node = nodes[i] as AnyGraphNode;
      const { inputs } = wired[i] as (typeof wired)[number];
      const widest = inputs.some(({ from }) => channels[from] === 2) ? 2 : 1;
      channels[i] = ownChannels(node) ?? widest;
    }
  }
  return channels;
}

/** Channels that a type gives whatever comes in; `undefined` for as many as come in. */
function ownChannels({ type, numbers, choices }: AnyGraphNode): 1 | 2 | undefined {
  switch (type) {
    case "oscillator":
      return (numbers?.["unison"] ?? 1) > 1 && (numbers?.["width"] ?? 0) > 0 ? 2 : 1;
    case "noise":
      return (numbers?.["width"] ?? 0) > 0 ? 2 : 1;
    case "envelope":
    case "lfo":
      return 1;
    case "pan":
    case "chorus":
    case "reverb":
      return 2;
    case "delay":
      return choices?.["mode"] === "ping-pong" ? 2 : undefined;
    default:
      return undefined;
  }
}

function withDefaults(node: AnyGraphNode): { [name: string]: string } {
  const { choices } = NODE_TYPE_SPECS[node.type];
  return Object.fromEntries(
    Object.entries(choices).map(([name, { words }]) => [name, node.choices?.[name] ?? words[0]]),
  );
}

function numbersOf(node: AnyGraphNode): { [name: string]: number } {
  const specs: { readonly [name: string]: NumberSpec } = NODE_TYPE_SPECS[node.type].numbers;
  return Object.fromEntries(
    Object.entries(specs).map(([name, { fallback }]) => [name, node.numbers?.[name] ?? fallback]),
  );
}
