/**
 * Whose fault an error is, as far as the host can tell. What a worker says of
 * itself is believed; what it says of others is told as its word.
 *
 * @module
 */

import { StreamrackError } from "../core/errors.ts";
import type { Plan, PlanNode, PlanSegment } from "../core/pipeline/plan.ts";

/**
 * An error that a segment has reported, with its node and plugin as the plan
 * knows them. A segment can fail in its own name only; of a neighbour it can
 * say that what came over their link broke the protocol.
 *
 * @param isCancelled Whether the segment was told to end.
 */
export function blamed(
  error: Error,
  segment: PlanSegment,
  plan: Plan,
  isCancelled: boolean,
): StreamrackError {
  const own = StreamrackError.from(error, "node-failed");
  const { nodeId, reason } = own;
  const ownNode = segment.nodes.find(({ id }) => id === nodeId);
  if (ownNode !== undefined) return placedAt(own, ownNode);
  const peer = reason === "protocol-violation" ? peersOf(segment, plan).find(({ id }) => id === nodeId) : undefined;
  if (peer !== undefined) {
    const reporter = segment.nodes.map(({ id }) => `"${id}"`).join(", ");
    const error = placedAt(own, peer, `${own.detail}, as ${reporter} at its other end says`);
    hearsay.add(error);
    return error;
  }
  if (reason === "session-cancelled" && !isCancelled) {
    return disowned(own, segment, "says that it was cancelled, which it was not");
  }
  if (nodeId !== undefined) return disowned(own, segment, `speaks of a node "${nodeId}" that is not its own`);
  const [node, ...others] = segment.nodes;
  const plugins = new Set(segment.nodes.map(({ plugin }) => plugin.description.name));
  const place = {
    nodeId: others.length === 0 ? node?.id : undefined,
    pluginName: own.pluginName ?? (plugins.size === 1 ? [...plugins][0] : undefined),
  };
  // Errors of the session, and of plugins that were being loaded, may be nobody's in particular.
  if (reason === "session-cancelled" || reason === "session-closed") return own;
  return renewed(own, place);
}

/** What one worker has said of another. */
const hearsay = new WeakSet<StreamrackError>();

/** Whether an error accuses a plugin by the word of another, which may itself be at fault. */
export function isHearsay(error: StreamrackError): boolean {
  return hearsay.has(error);
}

/** The name of a node's plugin. */
export function pluginOf({ nodes }: Plan, nodeId: string): string | undefined {
  return nodes.find(({ id }) => id === nodeId)?.plugin.description.name;
}

/** Nodes at the other ends of the links of a segment. */
function peersOf({ nodes }: PlanSegment, { nodes: all, edges }: Plan): PlanNode[] {
  const own = new Set(nodes.map(({ id }) => id));
  const peers = new Set(
    edges.flatMap(({ from, to }) => own.has(from.nodeId) ? [to.nodeId] : own.has(to.nodeId) ? [from.nodeId] : []),
  );
  return all.filter(({ id }) => peers.has(id) && !own.has(id));
}

/** A worker that speaks for others has been meddled with, or its plugin made the error up. */
function disowned(error: StreamrackError, segment: PlanSegment, what: string): StreamrackError {
  const [node, ...others] = segment.nodes;
  return new StreamrackError("node-failed", `an error that it reported ${what}: ${error.detail}`, {
    nodeId: others.length === 0 ? node?.id : undefined,
    pluginName: node?.plugin.description.name,
    cause: error,
  });
}

function placedAt(error: StreamrackError, { id, plugin }: PlanNode, detail?: string): StreamrackError {
  return renewed(error, { nodeId: id, pluginName: plugin.description.name }, detail);
}

function renewed(
  error: StreamrackError,
  place: { readonly nodeId: string | undefined; readonly pluginName: string | undefined },
  detail: string = error.detail,
): StreamrackError {
  const { nodeId, pluginName } = place;
  if (error.nodeId === nodeId && error.pluginName === pluginName && error.detail === detail) return error;
  const { code, problems, remedy, retryable, retryAfterMs, cause, stack } = error;
  const kept = { code, problems, remedy, retryable, retryAfterMs, cause };
  const again = new StreamrackError(error.reason, detail, { ...kept, nodeId, pluginName });
  if (stack !== undefined) again.stack = stack;
  return again;
}
