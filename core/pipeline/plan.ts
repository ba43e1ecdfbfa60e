/**
 * The plan: a manifest after validation, with its nodes in topological order,
 * its ports resolved and its segments drawn.
 *
 * @module
 */

import { type Problem, StreamrackError } from "../errors.ts";
import type { StreamingNodeRegistry } from "../node/registry.ts";
import { checkManifest } from "./manifest.ts";
import { portKey, portsOf, resolveEdges } from "./plan_edges.ts";
import { resolveNodes } from "./plan_nodes.ts";
import { sortTopologically } from "./plan_order.ts";
import { drawSegments } from "./plan_segments.ts";
import type { Plan } from "./plan_types.ts";

export type { Plan, PlanEdge, PlanNode, PlanPort, PlanSegment } from "./plan_types.ts";

/**
 * Makes a plan of a manifest. Parameters are not checked here: their schemas
 * live in the plugins, in the workers.
 *
 * @throws {StreamrackError} `invalid-manifest` with every problem, each with its path.
 */
export function createPlan(value: unknown, registry: StreamingNodeRegistry): Plan {
  const { manifest, problems: formProblems } = checkManifest(value);
  if (manifest === undefined) throw manifestError(formProblems);
  const problems: Problem[] = [];
  const nodes = resolveNodes(manifest.nodes, registry, problems);
  const edges = resolveEdges(manifest.connections ?? [], nodes, problems);
  const order = sortTopologically([...nodes.values()], edges, problems);
  const segments = drawSegments(order, edges, problems);
  if (problems.length > 0) throw manifestError(problems);
  const connected = new Set(edges.map(({ to }) => portKey(to)));
  const read = new Set(edges.map(({ from }) => from.nodeId));
  const marked = new Set(manifest.nodes.flatMap(({ id, is_output_node }) => is_output_node === true ? [id] : []));
  return {
    name: manifest.metadata?.name ?? "",
    nodes: order,
    edges: edges.map(({ connectionIndex: _, ...edge }) => edge),
    segments,
    inputs: order.flatMap(({ id, description }) => portsOf(id, description.inputs))
      .filter((port) => !connected.has(portKey(port))),
    outputs: order.filter(({ id }) => marked.has(id) || !read.has(id))
      .flatMap(({ id, description }) => portsOf(id, description.outputs)),
  };
}

/** The error for a manifest with problems. */
export function manifestError(problems: readonly Problem[]): StreamrackError {
  const count = problems.length === 1 ? "a problem" : `${problems.length} problems`;
  return new StreamrackError("invalid-manifest", `the manifest has ${count}; nothing was started`, { problems });
}
