/**
 * The plan: a manifest after validation, with its nodes in topological order,
 * its ports resolved and its segments drawn.
 *
 * @module
 */

import type { JsonValue } from "../data/types.ts";
import { type Problem, StreamrackError } from "../errors.ts";
import { joinsPorts, type PortKinds, type Ports } from "../node/contract.ts";
import type { NodeDescription } from "../node/describe.ts";
import type { RegisteredPlugin, StreamingNodeRegistry } from "../node/registry.ts";
import type { WhenFull } from "../flow/item.ts";
import { closest } from "./closest.ts";
import { DisjointSets } from "./disjoint_sets.ts";
import { checkManifest, type ManifestConnection, type ManifestNode } from "./manifest.ts";
import { DEFAULT_POLICY, type NodePolicy } from "./policy.ts";
import type { PortRef } from "./port_ref.ts";

/** One node of a plan. */
export interface PlanNode {
  readonly id: string;
  readonly description: NodeDescription;
  readonly plugin: RegisteredPlugin;
  readonly params: JsonValue | undefined;
  /** Where the parameters stand in the manifest. */
  readonly paramsPath: string;
  /** What happens to inputs that fail, or take too long. Absent: the session fails. */
  readonly policy?: NodePolicy | undefined;
  /** Name of the segment that it must be in. */
  readonly segment?: string | undefined;
  /** Whether it may share a segment with its neighbours. */
  readonly fuse: boolean;
}

/** One connection of a plan, with its ports. */
export interface PlanEdge {
  readonly from: PortRef;
  readonly to: PortRef;
  /** Most values in flight. Absent: as many as on any edge of the session. */
  readonly maxItems?: number | undefined;
  /** What happens to a value for which there is no room. Absent: its writer waits. */
  readonly whenFull?: WhenFull | undefined;
}

/** A port through which the session takes or gives values. */
export interface PlanPort extends PortRef {
  readonly kinds: PortKinds;
}

/** Connected nodes of one group, which share a worker task. */
export interface PlanSegment {
  readonly id: string;
  readonly group: string;
  readonly tier: "worker" | "process" | "inline";
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

/** A connection whose ports are found, and where it stands in the manifest. */
interface ManifestEdge extends PlanEdge {
  readonly connectionIndex: number;
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
    const { id, params, segment, fuse = true } = node;
    const policy = policyOf(node);
    if (segment !== undefined && !fuse) {
      problems.push({
        path: `${path}.fuse`,
        message: "contradicts segment",
        received: "false",
        expected: "one of the two",
      });
    }
    nodes.set(id, { id, ...found, params, paramsPath: `${path}.params`, policy, segment, fuse });
  });
  // Connections to a node of unknown type are not reported as well: one problem, one report.
  for (const id of seen.keys()) if (!nodes.has(id)) nodes.set(id, UNRESOLVED);
  return nodes;
}

/** The policy that a manifest asks for; none where it says nothing. */
function policyOf({ on_error, retry, deadline_ms }: ManifestNode): NodePolicy | undefined {
  const onError = on_error ?? DEFAULT_POLICY.onError;
  if (onError === DEFAULT_POLICY.onError && retry === undefined && deadline_ms === undefined) return undefined;
  const { retry: none } = DEFAULT_POLICY;
  return {
    onError,
    retry: {
      maxAttempts: retry?.max_attempts ?? none.maxAttempts,
      initialDelayMs: retry?.initial_delay_ms ?? none.initialDelayMs,
      maxDelayMs: retry?.max_delay_ms ?? none.maxDelayMs,
    },
    deadlineMs: deadline_ms,
  };
}

/** Stands for a node whose type is unknown, so that its connections can be skipped. */
const UNRESOLVED = {} as PlanNode;

function resolveEdges(
  connections: readonly ManifestConnection[],
  nodes: ReadonlyMap<string, PlanNode>,
  problems: Problem[],
): ManifestEdge[] {
  const edges: ManifestEdge[] = [];
  const seen = new Set<string>();
  const connected = new Set<string>();
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
    const edgeKey = `${portKey(from)} ${portKey(to)}`;
    if (seen.has(edgeKey)) {
      problems.push({ path, message: "repeats a connection above", expected: "each connection once" });
      return;
    }
    const target = nodes.get(connection.to) as PlanNode;
    if (joinsPorts(target.description.align) && connected.has(portKey(to))) {
      const expected = "one connection for each port of a node that takes one of each port together";
      problems.push({ path, message: `port "${to.port}" of "${connection.to}" is connected already`, expected });
      return;
    }
    seen.add(edgeKey);
    connected.add(portKey(to));
    edges.push({
      from: { nodeId: from.nodeId, port: from.port },
      to: { nodeId: to.nodeId, port: to.port },
      ...(connection.max_items === undefined ? {} : { maxItems: connection.max_items }),
      ...(connection.when_full === undefined ? {} : { whenFull: connection.when_full }),
      connectionIndex: index,
    });
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
    const expected = near === undefined ? `one of ${listed([...nodes.keys()])}` : `perhaps "${near}"`;
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

/** How many names an error message lists. */
const LISTED_MAX = 8;

function listed(names: readonly string[]): string {
  const shown = names.slice(0, LISTED_MAX).map((name) => JSON.stringify(name)).join(", ");
  return names.length > LISTED_MAX ? `${shown} and ${names.length - LISTED_MAX} more` : shown;
}

/** Kahn's algorithm; ties keep the order of the manifest. */
function sortTopologically(
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

/** Whether two nodes may share a thread. */
function mayShare(a: PlanNode, b: PlanNode): boolean {
  return a.plugin.group === b.plugin.group && a.plugin.source.tier === b.plugin.source.tier;
}

/** Joins adjacent nodes of one group and tier, unless they say otherwise. */
function drawSegments(nodes: readonly PlanNode[], edges: readonly PlanEdge[], problems: Problem[]): PlanSegment[] {
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

function portsOf(nodeId: string, ports: Ports): PlanPort[] {
  return Object.entries(ports).map(([port, kinds]) => ({ nodeId, port, kinds }));
}

/** Tells one port from every other, whatever characters an id has. */
function portKey({ nodeId, port }: PortRef): string {
  return JSON.stringify([nodeId, port]);
}
