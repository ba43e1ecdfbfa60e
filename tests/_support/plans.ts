import type { PortKinds, Ports } from "../../core/node/contract.ts";
import type { NodeDescription } from "../../core/node/describe.ts";
import { StreamingNodeRegistry } from "../../core/node/registry.ts";
import type { ManifestConnection, ManifestNode } from "../../core/pipeline/manifest.ts";

const ANY: Ports = { in: ["any"] };

/** Describes a node type with one port of any kind on each side, or the ports given. */
export function nodeType(type: string, change: Partial<NodeDescription> = {}): NodeDescription {
  const outputs: { readonly [port: string]: PortKinds } = { out: ["any"] };
  return { type, aliases: [], summary: "s", inputs: ANY, outputs, align: "any", ...change };
}

/** A registry of plugins, each a list of node types by its name; the group of a plugin is what stands before `/`. */
export function registryOf(plugins: { readonly [name: string]: readonly NodeDescription[] }): StreamingNodeRegistry {
  const registry = new StreamingNodeRegistry();
  for (const [name, nodes] of Object.entries(plugins)) {
    registry.register({
      description: { name, version: "1.0.0", apiVersion: 1, nodes },
      source: { tier: "worker", url: `file:///${name}.ts` },
      group: name.split("/")[0] as string,
    });
  }
  return registry;
}

/** A manifest from `id: type` pairs and connections such as `"a > b"` or `"a.port > b.port"`. */
export function manifestOf(
  types: { readonly [id: string]: string } | readonly (readonly [id: string, type: string])[],
  connections: readonly string[] = [],
): { version: "v1"; nodes: ManifestNode[]; connections: ManifestConnection[] } {
  const pairs = Array.isArray(types) ? types as readonly [string, string][] : Object.entries(types);
  return {
    version: "v1",
    nodes: pairs.map(([id, node_type]) => ({ id, node_type })),
    connections: connections.map((text) => {
      const [from, to] = text.split(" > ").map((end) => end.split("."));
      return {
        from: from?.[0] as string,
        to: to?.[0] as string,
        ...(from?.[1] === undefined ? {} : { from_port: from[1] }),
        ...(to?.[1] === undefined ? {} : { to_port: to[1] }),
      };
    }),
  };
}
