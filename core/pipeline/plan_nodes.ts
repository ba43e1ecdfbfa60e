/**
 * Finds what each node of a manifest is.
 *
 * @module
 */

import type { Problem } from "../errors.ts";
import type { StreamingNodeRegistry } from "../node/registry.ts";
import { closest } from "./closest.ts";
import type { ManifestNode } from "./manifest.ts";
import type { PlanNode } from "./plan_types.ts";
import { DEFAULT_POLICY, type NodePolicy } from "./policy.ts";

/** Stands for a node whose type is unknown, so that its connections can be skipped. */
export const UNRESOLVED: PlanNode = {} as PlanNode;

/** The nodes by id; one of unknown type is {@linkcode UNRESOLVED}. */
export function resolveNodes(
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
