/**
 * The plan: a manifest after validation, with its nodes in topological order,
 * its ports resolved and its segments drawn.
 *
 * @module
 */

import type { JsonValue } from "../data/types.ts";
import { type Problem, StreamrackError } from "../errors.ts";
import type { PortKinds, Ports } from "../node/contract.ts";
import type { NodeDescription } from "../node/describe.ts";
import type { RegisteredPlugin, StreamingNodeRegistry } from "../node/registry.ts";
import { closest } from "./closest.ts";
import { checkManifest, type Manifest, type ManifestConnection, type ManifestNode } from "./manifest.ts";
import type { PortRef } from "./segment.ts";

/** One node of a plan. */
export interface PlanNode {
  readonly id: string;
  readonly description: NodeDescription;
  readonly plugin: RegisteredPlugin;
  readonly params: JsonValue | undefined;
  /** Where the parameters stand in the manifest. */
  readonly paramsPath: string;
}

/** One connection of a plan, with its ports. */
export interface PlanEdge {
  readonly from: PortRef;
  readonly to: PortRef;
}

/** A port through which the session takes or gives values. */
export interface PlanPort extends PortRef {
  readonly kinds: PortKinds;
}

/** Connected nodes of one group, which share a worker task. */
export interface PlanSegment {
  readonly id: string;
  readonly group: string;
  readonly tier: "worker" | "inline";
  /** In topological order. */
  readonly nodes: readonly PlanNode[];
}

/** A manifest after validation. */
export interface Plan {
  readonly name: string;
  /** In topological order. */
  readonly nodes: readonly PlanNode[];
  readonly edges: readonly PlanEdge[];
  readonly segments: readonly PlanSegment[];
  /** Input ports without a connection: what a session takes. */
  readonly inputs: readonly PlanPort[];
  /** Ports of nodes that nobody reads or that are marked as output nodes: what a session gives. */
  readonly outputs: readonly PlanPort[];
}

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
  const order = sortTopologically([...nodes.values()], edges, manifest.connections ?? [], problems);
  if (problems.length > 0) throw manifestError(problems);
  return {
    name: manifest.metadata?.name ?? "",
    nodes: order,
    edges,
    segments: drawSegments(order, edges),
    inputs: order.flatMap((node) =>
      portsOf(node.id, node.description.inputs).filter((port) =>
        !edges.some(({ to }) => to.nodeId === port.nodeId && to.port === port.port)
      )
    ),
    outputs: order.flatMap((node) => isOutput(node, manifest, edges) ? portsOf(node.id, node.description.outputs) : []),
  };
}

/** The error for a manifest with problems. */
export function manifestError(problems: readonly Problem[]): StreamrackError {
  const count = problems.length === 1 ? "a problem" : `${problems.length} problems`;
  return new StreamrackError("invalid-manifest", `the manifest has ${count}; nothing was started`, { problems });
}

function resolveNodes(
  manifestNodes: readonly ManifestNode[],
  registry: StreamingNodeRegistry,
  problems: Problem[],
): Map<string, PlanNode> {
  const nodes = new Map<string, PlanNode>();
  const seen = new Map<string, number>();
  manifestNodes.forEach((node, index) => {
    const path = `nodes[${index}]`;
    const first = seen.get(node.id);
    if (first !== undefined) {
      const received = JSON.stringify(node.id);
      problems.push({
        path: `${path}.id`,
        message: `is the id of nodes[${first}] already`,
        received,
        expected: "a unique id",
      });
      return;
    }
    seen.set(node.id, index);
    const found = registry.find(node.node_type);
    if (found === undefined) {
      const near = closest(node.node_type, registry.types());
      problems.push({
        path: `${path}.node_type`,
        message: "is not a node type of any plugin here",
        received: JSON.stringify(node.node_type),
        expected: near === undefined ? "a registered node type (see `streamrack nodes list`)" : `perhaps "${near}"`,
      });
      return;
    }
    nodes.set(node.id, { id: node.id, ...found, params: node.params, paramsPath: `${path}.params` });
  });
  // Connections to a node of unknown type are not reported as well: one problem, one report.
  for (const id of seen.keys()) if (!nodes.has(id)) nodes.set(id, UNRESOLVED);
  return nodes;
}

/** Stands for a node whose type is unknown, so that its connections can be skipped. */
const UNRESOLVED = {} as PlanNode;

function resolveEdges(
  connections: readonly ManifestConnection[],
  nodes: ReadonlyMap<string, PlanNode>,
  problems: Problem[],
): PlanEdge[] {
  const edges: PlanEdge[] = [];
  connections.forEach((connection, index) => {
    const path = `connections[${index}]`;
    const from = resolveEnd(connection.from, connection.from_port, "outputs", nodes, `${path}.from`, problems);
    const to = resolveEnd(connection.to, connection.to_port, "inputs", nodes, `${path}.to`, problems);
    if (from === undefined || to === undefined) return;
    const fits = from.kinds.includes("any") || to.kinds.includes("any") ||
      from.kinds.some((kind) => to.kinds.includes(kind));
    if (!fits) {
      problems.push({
        path,
        message: `"${connection.from}" gives what "${connection.to}" does not take`,
        received: from.kinds.join(" or "),
        expected: to.kinds.join(" or "),
      });
      return;
    }
    if (edges.some((edge) => isSamePort(edge.from, from) && isSamePort(edge.to, to))) {
      problems.push({ path, message: "repeats a connection above", expected: "each connection once" });
      return;
    }
    const target = nodes.get(connection.to) as PlanNode;
    if (target.description.align === "zip" && edges.some((edge) => isSamePort(edge.to, to))) {
      const expected = "one connection for each port of a node that zips its inputs";
      problems.push({ path, message: `port "${to.port}" of "${connection.to}" is connected already`, expected });
      return;
    }
    edges.push({ from: { nodeId: from.nodeId, port: from.port }, to: { nodeId: to.nodeId, port: to.port } });
  });
  return edges;
}

function resolveEnd(
  nodeId: string,
  port: string | undefined,
  side: "inputs" | "outputs",
  nodes: ReadonlyMap<string, PlanNode>,
  path: string,
  problems: Problem[],
): PlanPort | undefined {
  const node = nodes.get(nodeId);
  if (node === UNRESOLVED) return undefined;
  if (node === undefined) {
    const near = closest(nodeId, [...nodes.keys()]);
    const expected = near === undefined ? `one of ${[...nodes.keys()].join(", ")}` : `perhaps "${near}"`;
    problems.push({ path, message: "is not the id of a node", received: JSON.stringify(nodeId), expected });
    return undefined;
  }
  const ports = node.description[side];
  const names = Object.keys(ports);
  const chosen = port ?? defaultPort(names, side === "inputs" ? "in" : "out");
  const kinds = chosen !== undefined && Object.hasOwn(ports, chosen) ? ports[chosen] : undefined;
  if (chosen === undefined || kinds === undefined) {
    const what = side === "inputs" ? "input" : "output";
    problems.push({
      path: `${path}_port`,
      message: names.length === 0 ? `"${nodeId}" has no ${what} port` : `is not an ${what} port of "${nodeId}"`,
      received: port === undefined ? "none" : JSON.stringify(port),
      expected: names.length === 0 ? "no connection" : names.map((name) => `"${name}"`).join(" or "),
    });
    return undefined;
  }
  return { nodeId, port: chosen, kinds };
}

function defaultPort(names: readonly string[], usual: string): string | undefined {
  return names.length === 1 ? names[0] : names.find((name) => name === usual);
}

/** Kahn's algorithm; ties keep the order of the manifest. */
function sortTopologically(
  nodes: readonly PlanNode[],
  edges: readonly PlanEdge[],
  connections: readonly ManifestConnection[],
  problems: Problem[],
): PlanNode[] {
  const left = new Set(nodes.filter((node) => node !== UNRESOLVED));
  const sorted: PlanNode[] = [];
  for (;;) {
    const waiting = new Set([...left].map((node) => node.id));
    const ready = [...left].find((node) =>
      !edges.some(({ from, to }) => to.nodeId === node.id && waiting.has(from.nodeId))
    );
    if (ready === undefined) break;
    left.delete(ready);
    sorted.push(ready);
  }
  if (left.size > 0) {
    const cycle = findCycle([...left].map((node) => node.id), edges);
    const index = connections.findIndex(({ from, to }) => from === cycle.at(-1) && to === cycle[0]);
    problems.push({
      path: `connections[${index}]`,
      message: "closes a cycle",
      received: [...cycle, cycle[0]].join(" → "),
      expected: "connections that lead one way",
    });
  }
  return sorted;
}

function findCycle(ids: readonly string[], edges: readonly PlanEdge[]): string[] {
  // Every node that is left has a predecessor that is left: walking back must meet a node again.
  const path = [ids[0] as string];
  for (;;) {
    const at = path[0] as string;
    const previous = edges.find(({ from, to }) => to.nodeId === at && ids.includes(from.nodeId))?.from.nodeId as string;
    const met = path.indexOf(previous);
    if (met >= 0) return path.slice(0, met + 1);
    path.unshift(previous);
  }
}

/** Joins adjacent nodes of one group and tier. */
function drawSegments(nodes: readonly PlanNode[], edges: readonly PlanEdge[]): PlanSegment[] {
  const segmentOf = new Map(nodes.map((node) => [node.id, node.id]));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  for (const { from, to } of edges) {
    const [a, b] = [byId.get(from.nodeId) as PlanNode, byId.get(to.nodeId) as PlanNode];
    if (a.plugin.group !== b.plugin.group || a.plugin.source.tier !== b.plugin.source.tier) continue;
    const [kept, merged] = [segmentOf.get(a.id) as string, segmentOf.get(b.id) as string];
    for (const [id, segment] of segmentOf) if (segment === merged) segmentOf.set(id, kept);
  }
  const segments = new Map<string, PlanNode[]>();
  for (const node of nodes) {
    const id = segmentOf.get(node.id) as string;
    segments.set(id, [...(segments.get(id) ?? []), node]);
  }
  return [...segments].map(([id, members]) => {
    const { group, source } = (members[0] as PlanNode).plugin;
    return { id, group, tier: source.tier, nodes: members };
  });
}

function isOutput(node: PlanNode, manifest: Manifest, edges: readonly PlanEdge[]): boolean {
  const isMarked = manifest.nodes.find(({ id }) => id === node.id)?.is_output_node === true;
  return isMarked || !edges.some(({ from }) => from.nodeId === node.id);
}

function portsOf(nodeId: string, ports: Ports): PlanPort[] {
  return Object.entries(ports).map(([port, kinds]) => ({ nodeId, port, kinds }));
}

function isSamePort(a: PortRef, b: PortRef): boolean {
  return a.nodeId === b.nodeId && a.port === b.port;
}
