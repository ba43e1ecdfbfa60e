import type { AnyGraphNode, DspGraph } from "./schema.ts";

/** Nodes that nothing is heard of: no way leads from them to the output. They are allowed, and cost nothing. */
export function unusedNodes(graph: DspGraph): ReadonlySet<string> {
  const nodes = new Map((graph.nodes as readonly AnyGraphNode[]).map((node) => [node.id, node]));
  const used = new Set([graph.output]);
  for (const id of used) {
    const { inputs = [], modulations = [] } = nodes.get(id) ?? {};
    for (const { from } of [...inputs, ...modulations]) used.add(from);
  }
  return new Set([...nodes.keys()].filter((id) => !used.has(id)));
}
