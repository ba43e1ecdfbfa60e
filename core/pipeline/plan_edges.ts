/**
 * Finds the ports that each connection of a manifest joins.
 *
 * @module
 */

import type { Problem } from "../errors.ts";
import { joinsPorts, type Ports } from "../node/contract.ts";
import { closest } from "./closest.ts";
import { listed } from "./listed.ts";
import type { ManifestConnection } from "./manifest.ts";
import { UNRESOLVED } from "./plan_nodes.ts";
import type { PlanEdge, PlanNode, PlanPort } from "./plan_types.ts";
import type { PortRef } from "./port_ref.ts";

/** A connection whose ports are found, and where it stands in the manifest. */
export interface ManifestEdge extends PlanEdge {
  readonly connectionIndex: number;
}

/** The edges that fit; a connection to a node that is not resolved is left out. */
export function resolveEdges(
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

/** The ports of one side of a node. */
export function portsOf(nodeId: string, ports: Ports): PlanPort[] {
  return Object.entries(ports).map(([port, kinds]) => ({ nodeId, port, kinds }));
}

/** Tells one port from every other, whatever characters an id has. */
export function portKey({ nodeId, port }: PortRef): string {
  return JSON.stringify([nodeId, port]);
}
