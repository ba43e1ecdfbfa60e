/**
 * Wiring: the links of a session, and which end goes where.
 *
 * @module
 */

import type { FlowLimits } from "../core/flow/item.ts";
import type { Plan, PlanSegment } from "../core/pipeline/plan.ts";
import type { PortRef, SegmentEdge, SegmentSpec } from "../core/pipeline/segment.ts";
import { createLink, type LinkEnd } from "./link/link.ts";
import type { PlacedSegment } from "./placement.ts";

/** A session's segments at their places, and the host's ends of its links. */
export interface SessionWiring {
  readonly segments: readonly PlacedSegment[];
  /** In the order of `plan.inputs`. */
  readonly inputs: readonly LinkEnd[];
  /** In the order of `plan.outputs`. */
  readonly outputs: readonly LinkEnd[];
  readonly limits: FlowLimits;
}

/** How {@linkcode wireSession} wires. */
export interface WiringOptions {
  readonly sessionId: string;
  readonly limits: FlowLimits;
  /** Whether links may use shared memory. Default: true. */
  readonly sharedMemory?: boolean | undefined;
}

/** Puts one segment where it runs. */
export type PlaceSegment = (segment: PlanSegment, spec: SegmentSpec, links: readonly LinkEnd[]) => PlacedSegment;

/**
 * Makes one link for every edge that leaves a segment, and places the
 * segments. Links lead from worker to worker; the host holds only the ends of
 * the session's inputs and outputs.
 */
export function wireSession(plan: Plan, options: WiringOptions, place: PlaceSegment): SessionWiring {
  const { sessionId, limits, sharedMemory } = options;
  const segmentOf = new Map(plan.segments.flatMap((segment) => segment.nodes.map(({ id }) => [id, segment] as const)));
  const wires = new Map(plan.segments.map((segment) => [segment, new SegmentWires()]));
  const wiresOf = (ref: PortRef) => wires.get(segmentOf.get(ref.nodeId) as PlanSegment) as SegmentWires;

  const inputs = plan.inputs.map((input) => {
    const { writer, reader } = createLink({ shared: sharedMemory });
    wiresOf(input).add(reader, (link) => ({ from: { link }, to: { nodeId: input.nodeId, port: input.port } }));
    return writer;
  });
  for (const { from, to } of plan.edges) {
    if (wiresOf(from) === wiresOf(to)) {
      wiresOf(from).edges.push({ from, to });
      continue;
    }
    const { writer, reader } = createLink({ shared: sharedMemory });
    wiresOf(from).add(writer, (link) => ({ from, to: { link } }));
    wiresOf(to).add(reader, (link) => ({ from: { link, nodeId: from.nodeId }, to }));
  }
  const outputs = plan.outputs.map((output) => {
    const { writer, reader } = createLink({ shared: sharedMemory });
    wiresOf(output).add(writer, (link) => ({ from: { nodeId: output.nodeId, port: output.port }, to: { link } }));
    return reader;
  });

  const segments = plan.segments.map((segment) => {
    const { edges, links } = wires.get(segment) as SegmentWires;
    const nodes = segment.nodes.map(({ id, description, plugin, params, paramsPath }) => ({
      nodeId: id,
      nodeType: description.type,
      pluginName: plugin.description.name,
      params,
      paramsPath,
    }));
    return place(segment, { sessionId, segmentId: segment.id, nodes, edges, limits }, links);
  });
  return { segments, inputs, outputs, limits };
}

/** The edges and link ends of one segment while they are collected. */
class SegmentWires {
  readonly edges: SegmentEdge[] = [];
  readonly links: LinkEnd[] = [];

  add(end: LinkEnd, makeEdge: (link: number) => SegmentEdge): void {
    this.edges.push(makeEdge(this.links.push(end) - 1));
  }
}
