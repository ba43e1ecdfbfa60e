/**
 * The shape of a graph: its cycles, what leads where, and in which order it is
 * computed. Nodes are told by their index.
 *
 * @module
 */

import { invalid } from "./problems.ts";
import type { AnyGraphNode } from "./schema.ts";

/** What leads to each node. */
export type Sources = readonly { readonly inputs: readonly number[]; readonly modulations: readonly number[] }[];

/** Delays that have to give before they take, so that no cycle is left. Problems if one is left all the same. */
export function findLoops(nodes: readonly AnyGraphNode[], sources: Sources): Set<number> {
  const loops = new Set<number>();
  const state = new Map<number, "open" | "done">();
  const path: number[] = [];
  const visit = (index: number): void => {
    if (state.get(index) === "done") return;
    if (state.get(index) === "open") {
      const cycle = path.slice(path.indexOf(index));
      // A delay that is opened already is part of it only by what modulates it, which cannot wait.
      const delay = cycle.find((i) => nodes[i]?.type === "delay" && !loops.has(i));
      if (delay === undefined) {
        const names = [...cycle, index].map((i) => nodes[i]?.id).reverse().join(" → ");
        throw invalid("the graph cannot be played", [{
          path: `graph.nodes[${index}]`,
          message: `a cycle without a delay: ${names}`,
          expected: "a node of type delay within the cycle",
        }]);
      }
      loops.add(delay);
      return;
    }
    state.set(index, "open");
    path.push(index);
    const { inputs, modulations } = sources[index] as Sources[number];
    for (const from of modulations) visit(from);
    if (!loops.has(index)) { for (const from of inputs) visit(from); }
    path.pop();
    state.set(index, "done");
  };
  // A delay found on the way opens its cycle for the next walk: repeat until nothing changes.
  for (let before = -1; before !== loops.size;) {
    before = loops.size;
    state.clear();
    for (let i = 0; i < nodes.length; i++) visit(i);
  }
  return loops;
}

/** A node and everything that leads to it. */
export function reachable(from: number, sources: Sources): Set<number> {
  const found = new Set([from]);
  for (const index of found) {
    const { inputs, modulations } = sources[index] as Sources[number];
    for (const source of [...inputs, ...modulations]) found.add(source);
  }
  return found;
}

/** Sources before what they lead to. A delay in a loop comes as if it had no inputs. */
export function inOrder(count: number, sources: Sources, loops: ReadonlySet<number>, output: number): number[] {
  const order: number[] = [];
  const seen = new Set<number>();
  const visit = (index: number): void => {
    if (seen.has(index)) return;
    seen.add(index);
    const { inputs, modulations } = sources[index] as Sources[number];
    for (const from of modulations) visit(from);
    if (!loops.has(index)) { for (const from of inputs) visit(from); }
    order.push(index);
  };
  visit(output);
  // What only a loop leads to.
  for (let i = 0; i < count; i++) visit(i);
  return order;
}
