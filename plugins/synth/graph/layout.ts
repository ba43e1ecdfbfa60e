import type { AnyGraphNode, DspGraph } from "./schema.ts";
import { unusedNodes } from "./unused.ts";

/** A node with its place in a drawing: columns from the sources to the output, rows within a column. */
export interface PlacedNode {
  readonly id: string;
  /** What is written in its box: whether it is unused, type and choice, then the numbers that matter. */
  readonly title: string;
  readonly lines: readonly string[];
  /** Counted from 0 at the left. */
  readonly column: number;
  /** Counted from 0 at the top. */
  readonly row: number;
  readonly isModulator: boolean;
  /** Whether nothing of it is heard: no way leads from it to the output. */
  readonly isUnused: boolean;
}

/** A connection in a drawing. */
export interface DrawnEdge {
  readonly from: string;
  readonly to: string;
  /** The parameter that it moves; `undefined` for sound. */
  readonly param?: string;
}

/** A graph laid out in columns. */
export interface GraphLayout {
  readonly nodes: readonly PlacedNode[];
  readonly edges: readonly DrawnEdge[];
  /** How many columns there are, from 1. */
  readonly columns: number;
  /** Rows of the highest column, from 1. */
  readonly rows: number;
}

const LINES_SHOWN = 3;

/** Lays a graph out: every node one column to the right of what leads to it. */
export function layoutGraph(graph: DspGraph): GraphLayout {
  const nodes = graph.nodes as readonly AnyGraphNode[];
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const edges = nodes.flatMap(({ id, inputs = [], modulations = [] }): DrawnEdge[] => [
    ...inputs.map(({ from }) => ({ from, to: id })),
    ...modulations.map(({ from, param }) => ({ from, to: id, param })),
  ]).filter(({ from }) => byId.has(from));
  const columnOf = new Map<string, number>();
  const column = (id: string, path: readonly string[]): number => {
    const known = columnOf.get(id);
    if (known !== undefined) return known;
    const sources = edges.filter(({ to, from }) => to === id && !path.includes(from));
    const place = Math.max(-1, ...sources.map(({ from }) => column(from, [...path, id]))) + 1;
    columnOf.set(id, place);
    return place;
  };
  for (const { id } of nodes) column(id, [id]);
  // What nothing leads to stands right in front of what it leads to.
  for (const { id } of nodes) {
    if (edges.some(({ to }) => to === id)) continue;
    const targets = edges.filter(({ from }) => from === id).map(({ to }) => columnOf.get(to) as number);
    if (targets.length > 0) columnOf.set(id, Math.max(0, Math.min(...targets) - 1));
  }
  const unused = unusedNodes(graph);
  const heights = new Map<number, number>();
  const placed = nodes.map((node): PlacedNode => {
    const at = columnOf.get(node.id) as number;
    const row = heights.get(at) ?? 0;
    heights.set(at, row + 1);
    const choices = Object.values(node.choices ?? {}).filter((word) =>
      word !== undefined && Number.isNaN(Number(word))
    );
    const numbers = Object.entries(node.numbers ?? {}).filter(([, value]) => value !== undefined && value !== 0);
    return {
      id: node.id,
      title: [...unused.has(node.id) ? ["unused"] : [], node.type, ...choices].join(" "),
      lines: numbers.slice(0, LINES_SHOWN).map(([name, value]) => `${name} ${shortNumber(value as number)}`),
      column: at,
      row,
      isModulator: node.type === "envelope" || node.type === "lfo",
      isUnused: unused.has(node.id),
    };
  });
  return {
    nodes: placed,
    edges,
    columns: Math.max(...columnOf.values()) + 1,
    rows: Math.max(...heights.values()),
  };
}

function shortNumber(value: number): string {
  return `${Number(value.toPrecision(3))}`;
}
