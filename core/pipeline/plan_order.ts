/**
 * Puts the nodes of a plan in order.
 *
 * @module
 */

import type { Problem } from "../errors.ts";
import { LISTED_MAX } from "./listed.ts";
import type { ManifestEdge } from "./plan_edges.ts";
import { UNRESOLVED } from "./plan_nodes.ts";
import type { PlanNode } from "./plan_types.ts";

/** Kahn's algorithm; ties keep the order of the manifest. */
export function sortTopologically(
  nodes: readonly PlanNode[],
  edges: readonly ManifestEdge[],
  problems: Problem[],
): PlanNode[] {
  const resolved = nodes.filter((node) => node !== UNRESOLVED);
  const positions = new Map(resolved.map((node, position) => [node.id, position]));
  const targets = resolved.map((): number[] => []);
  const unmet = resolved.map(() => 0);
  for (const { from, to } of edges) {
    const target = positions.get(to.nodeId) as number;
    targets[positions.get(from.nodeId) as number]?.push(target);
    unmet[target] = (unmet[target] as number) + 1;
  }
  // Highest position first, so that the next one is popped off the end.
  const ready = resolved.map((_, position) => position).filter((position) => unmet[position] === 0).reverse();
  const sorted: PlanNode[] = [];
  for (let position = ready.pop(); position !== undefined; position = ready.pop()) {
    sorted.push(resolved[position] as PlanNode);
    for (const target of targets[position] as number[]) {
      unmet[target] = (unmet[target] as number) - 1;
      if (unmet[target] === 0) insertDescending(ready, target);
    }
  }
  if (sorted.length < resolved.length) problems.push(...findCycles(resolved, edges));
  return sorted;
}

function insertDescending(positions: number[], position: number): void {
  let [low, high] = [0, positions.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((positions[middle] as number) > position) low = middle + 1;
    else high = middle;
  }
  positions.splice(low, 0, position);
}

/**
 * One problem for each connection that leads back to where the search came
 * from. Without these connections no cycle is left. (Depth first, with a stack
 * of its own, since a chain may be longer than the call stack.)
 */
function findCycles(nodes: readonly PlanNode[], edges: readonly ManifestEdge[]): Problem[] {
  const leaving = new Map<string, ManifestEdge[]>(nodes.map(({ id }) => [id, []]));
  for (const edge of edges) leaving.get(edge.from.nodeId)?.push(edge);
  const problems: Problem[] = [];
  const finished = new Set<string>();
  for (const { id } of nodes) {
    if (finished.has(id)) continue;
    const path = [{ id, next: 0 }];
    const onPath = new Map([[id, 0]]);
    for (let at = path.at(-1); at !== undefined; at = path.at(-1)) {
      const edge = leaving.get(at.id)?.[at.next++];
      if (edge === undefined) {
        finished.add(at.id);
        onPath.delete(at.id);
        path.pop();
        continue;
      }
      const target = edge.to.nodeId;
      const start = onPath.get(target);
      if (start !== undefined) {
        problems.push({
          path: `connections[${edge.connectionIndex}]`,
          message: "closes a cycle",
          received: showCycle([...path.slice(start).map((step) => step.id), target]),
          expected: "connections that lead one way",
        });
      } else if (!finished.has(target)) {
        onPath.set(target, path.length);
        path.push({ id: target, next: 0 });
      }
    }
  }
  return problems;
}

function showCycle(ids: readonly string[]): string {
  const shown = ids.length <= 2 * LISTED_MAX ? ids : [...ids.slice(0, LISTED_MAX), "…", ...ids.slice(-LISTED_MAX)];
  return shown.join(" → ");
}
