/**
 * Draws the segments of a plan.
 *
 * @module
 */

import type { Problem } from "../errors.ts";
import { DisjointSets } from "./disjoint_sets.ts";
import type { PlanEdge, PlanNode, PlanSegment } from "./plan_types.ts";

/** Whether two nodes may share a thread. */
function mayShare(a: PlanNode, b: PlanNode): boolean {
  return a.plugin.group === b.plugin.group && a.plugin.source.tier === b.plugin.source.tier;
}

/** Joins adjacent nodes of one group and tier, unless they say otherwise. */
export function drawSegments(
  nodes: readonly PlanNode[],
  edges: readonly PlanEdge[],
  problems: Problem[],
): PlanSegment[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const sets = new DisjointSets(nodes.map(({ id }) => id));
  for (const { from, to } of edges) {
    const [a, b] = [byId.get(from.nodeId), byId.get(to.nodeId)];
    if (a === undefined || b === undefined || !mayShare(a, b)) continue;
    if (a.fuse && b.fuse && a.segment === b.segment) sets.join(a.id, b.id);
  }
  const firsts = new Map<string, PlanNode>();
  for (const node of nodes) {
    if (node.segment === undefined) continue;
    const first = firsts.get(node.segment) ?? node;
    firsts.set(node.segment, first);
    if (mayShare(first, node)) sets.join(first.id, node.id);
    else {
      problems.push({
        path: `${node.paramsPath.replace(/\.params$/, "")}.segment`,
        message: `cannot be that of "${first.id}", whose plugin is of another group`,
        received: JSON.stringify(node.segment),
        expected: `a segment of plugin "${node.plugin.description.name}", or trust between the two plugins`,
      });
    }
  }
  const segments = new Map<string, PlanNode[]>();
  for (const node of nodes) {
    const root = sets.rootOf(node.id);
    const members = segments.get(root);
    if (members === undefined) segments.set(root, [node]);
    else members.push(node);
  }
  return [...segments].map(([id, members]) => {
    const { group, source } = (members[0] as PlanNode).plugin;
    return { id, group, tier: source.tier, nodes: members };
  });
}
