/**
 * Wiring: the links of a session, and which end goes where.
 *
 * @module
 */

import type { FlowLimits } from "../core/flow/item.ts";
import type { Plan, PlanSegment } from "../core/pipeline/plan.ts";
import type { PortRef, SegmentEdge, SegmentSpec } from "../core/pipeline/segment.ts";
import { SessionCounters } from "../core/pipeline/session_counters.ts";
import { createLink, type LinkEnd } from "./link/link.ts";
import { ringInFlight } from "./link/ring_counters.ts";
import type { PlacedSegment } from "./placement.ts";

/** A session's segments at their places, and the host's ends of its links. */
export interface SessionWiring {
  readonly segments: readonly PlacedSegment[];
  /** In the order of `plan.inputs`. */
  readonly inputs: readonly LinkEnd[];
  /** In the order of `plan.outputs`. */
  readonly outputs: readonly LinkEnd[];
  readonly limits: FlowLimits;
  readonly counters: SessionCounters;
}

/** How {@linkcode wireSession} wires. */
export interface WiringOptions {
  readonly sessionId: string;
  readonly limits: FlowLimits;
  /** Whether links may use shared memory. Default: true. */
  readonly sharedMemory?: boolean | undefined;
  /** W3C trace context, for the nodes. */
  readonly traceparent?: string | undefined;
}

/** Puts one segment where it runs. */
export type PlaceSegment = (segment: PlanSegment, spec: SegmentSpec, links: readonly LinkEnd[]) => PlacedSegment;

/**
 * Makes one link for every edge that leaves a segment, and places the
 * segments. Links lead from worker to worker; the host holds only the ends of
 * the session's inputs and outputs.
 */
export function wireSession(plan: Plan, options: WiringOptions, place: PlaceSegment): SessionWiring {
  const { sessionId, limits, sharedMemory, traceparent } = options;
  const countedEdges = plan.inputs.length + plan.edges.length + plan.outputs.length;
  const counters = new SessionCounters({ edges: countedEdges, shared: sharedMemory });
  const count = (from: PortRef | undefined, to: PortRef | undefined, link?: LinkEnd) => {
    const ring = link?.ring;
    return counters.add({
      from: from && { nodeId: from.nodeId, port: from.port },
      to: to && { nodeId: to.nodeId, port: to.port },
      isFused: link === undefined,
      inFlight: ring && (() => ringInFlight(ring)),
    });
  };
  const segmentOf = new Map(plan.segments.flatMap((segment) => segment.nodes.map(({ id }) => [id, segment] as const)));
  const wires = new Map(plan.segments.map((segment) => [segment, new SegmentWires()]));
  const wiresOf = (ref: PortRef) => wires.get(segmentOf.get(ref.nodeId) as PlanSegment) as SegmentWires;

  const inputs = plan.inputs.map((input) => {
    const { writer, reader } = createLink({ shared: sharedMemory });
    const row = count(undefined, input, reader);
    wiresOf(input).add(reader, (link) => ({ from: { link }, to: { nodeId: input.nodeId, port: input.port }, row }));
    return writer;
  });
  for (const { from, to } of plan.edges) {
    if (wiresOf(from) === wiresOf(to)) {
      wiresOf(from).edges.push({ from, to, row: count(from, to) });
      continue;
    }
    const { writer, reader } = createLink({ shared: sharedMemory });
    const row = count(from, to, reader);
    wiresOf(from).add(writer, (link) => ({ from, to: { link }, row }));
    wiresOf(to).add(reader, (link) => ({ from: { link, nodeId: from.nodeId }, to, row }));
  }
  const outputs = plan.outputs.map((output) => {
    const { writer, reader } = createLink({ shared: sharedMemory });
    const row = count(output, undefined, reader);
    wiresOf(output).add(writer, (link) => ({ from: { nodeId: output.nodeId, port: output.port }, to: { link }, row }));
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
    const { shared } = counters;
    const spec = { sessionId, segmentId: segment.id, nodes, edges, limits, countedEdges, counts: shared, traceparent };
    return place(segment, spec, links);
  });
  return { segments, inputs, outputs, limits, counters };
}

/** The edges and link ends of one segment while they are collected. */
class SegmentWires {
  readonly edges: SegmentEdge[] = [];
  readonly links: LinkEnd[] = [];

  add(end: LinkEnd, makeEdge: (link: number) => SegmentEdge): void {
    this.edges.push(makeEdge(this.links.push(end) - 1));
  }
}
