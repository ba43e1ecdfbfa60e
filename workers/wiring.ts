/**
 * Wiring: the links of a session, and which end goes where.
 *
 * @module
 */

import type { FlowLimits } from "../core/flow/item.ts";
import type { Plan, PlanEdge, PlanSegment } from "../core/pipeline/plan.ts";
import type { PortRef, SegmentEdge, SegmentSpec } from "../core/pipeline/segment.ts";
import { SessionCounters } from "../core/pipeline/session_counters.ts";
import { createLink, type LinkEnd } from "./link/link.ts";
import { ringInFlight } from "./link/ring_in_flight.ts";
import type { PlacedSegment } from "./placement.ts";

/** One end of a wire: the number of a link in a segment, or of an input or output of the session, which the host holds. */
export interface WireEnd {
  readonly segment: PlanSegment | undefined;
  readonly index: number;
}

/** A link of the session, and who holds its ends. */
export interface Wire {
  readonly writer: WireEnd;
  readonly reader: WireEnd;
  /** Its shared memory, which outlives the threads at its ends. */
  readonly ring: SharedArrayBuffer | undefined;
}

/** One segment of a session: what it is to run, and how it is put where it runs. */
export interface SegmentWiring {
  readonly segment: PlanSegment;
  readonly spec: SegmentSpec;
  /** Its ends of its links when the session begins, by number. */
  readonly links: readonly LinkEnd[];
}

/** A session's segments, not placed yet, and its links. */
export interface SessionWiring {
  readonly segments: readonly SegmentWiring[];
  readonly wires: readonly Wire[];
  /** The host's ends, in the order of `plan.inputs`. */
  readonly inputs: readonly LinkEnd[];
  /** In the order of `plan.outputs`. */
  readonly outputs: readonly LinkEnd[];
  readonly limits: FlowLimits;
  readonly keeps: boolean;
  readonly counters: SessionCounters;
  /** Puts a segment where it runs. */
  place(wiring: SegmentWiring): PlacedSegment;
}

/** How {@linkcode wireSession} wires. */
export interface WiringOptions {
  readonly sessionId: string;
  readonly limits: FlowLimits;
  /** Whether nothing may be lost. Default: false. */
  readonly keeps?: boolean | undefined;
  /** Whether links may use shared memory. Default: true. */
  readonly sharedMemory?: boolean | undefined;
  /** W3C trace context, for the nodes. */
  readonly traceparent?: string | undefined;
  readonly recordsActivity?: boolean | undefined;
  place(wiring: SegmentWiring): PlacedSegment;
}

/**
 * Makes one link for every edge that leaves a segment. Links lead from worker
 * to worker; the host holds only the ends of the session's inputs and outputs.
 */
export function wireSession(plan: Plan, options: WiringOptions): SessionWiring {
  const { sessionId, limits, keeps = false, sharedMemory, traceparent, recordsActivity, place } = options;
  const countedEdges = plan.inputs.length + plan.edges.length + plan.outputs.length;
  const counters = new SessionCounters({ edges: countedEdges, shared: sharedMemory });
  const segmentOf = new Map(plan.segments.flatMap((segment) => segment.nodes.map(({ id }) => [id, segment] as const)));
  const drafts = new Map(plan.segments.map((segment) => [segment, new SegmentDraft(segment)]));
  const draftOf = (ref: PortRef) => drafts.get(segmentOf.get(ref.nodeId) as PlanSegment) as SegmentDraft;
  const wires: Wire[] = [];
  const connect = ({ from, to }: Partial<PlanEdge>, attachWriter: AttachEnd, attachReader: AttachEnd) => {
    const { writer, reader } = createLink({ shared: sharedMemory });
    const { ring } = writer;
    const row = counters.add({ from, to, isFused: false, inFlight: ring && (() => ringInFlight(ring)) });
    wires.push({ ring, writer: attachWriter(writer, row), reader: attachReader(reader, row) });
  };
  const hostEnd = (ends: LinkEnd[]) => (end: LinkEnd): WireEnd => ({ segment: undefined, index: ends.push(end) - 1 });

  const inputs: LinkEnd[] = [];
  for (const { nodeId, port } of plan.inputs) {
    const to = { nodeId, port };
    connect({ to }, hostEnd(inputs), (end, row) => draftOf(to).add(end, (link) => ({ from: { link }, to, row })));
  }
  for (const edge of plan.edges) {
    const { from, to } = edge;
    const flow = flowOf(edge, limits);
    if (draftOf(from) === draftOf(to)) {
      draftOf(from).edges.push({ from, to, ...flow, row: counters.add({ from, to, isFused: true }) });
      continue;
    }
    connect(
      { from, to },
      (end, row) => draftOf(from).add(end, (link) => ({ from, to: { link }, ...flow, row })),
      (end, row) => draftOf(to).add(end, (link) => ({ from: { link, nodeId: from.nodeId }, to, ...flow, row })),
    );
  }
  const outputs: LinkEnd[] = [];
  for (const { nodeId, port } of plan.outputs) {
    const from = { nodeId, port };
    connect({ from }, (end, row) => draftOf(from).add(end, (link) => ({ from, to: { link }, row })), hostEnd(outputs));
  }

  const segments = [...drafts.values()].map(({ segment, edges, links }) => {
    const nodes = segment.nodes.map(({ id, description, plugin, params, paramsPath, policy }) => ({
      nodeId: id,
      nodeType: description.type,
      pluginName: plugin.description.name,
      params,
      paramsPath,
      policy,
    }));
    const counted = { countedEdges, counts: counters.shared, traceparent, recordsActivity };
    return { segment, spec: { sessionId, segmentId: segment.id, nodes, edges, limits, keeps, ...counted }, links };
  });
  return { segments, wires, inputs, outputs, limits, keeps, counters, place };
}

/** Hands one end of a link to whoever holds it. @param row Where the link is counted. */
type AttachEnd = (end: LinkEnd, row: number) => WireEnd;

/** What an edge says of its own flow. */
function flowOf({ maxItems, whenFull }: PlanEdge, limits: FlowLimits): Pick<SegmentEdge, "limits" | "whenFull"> {
  return { whenFull, ...(maxItems === undefined ? {} : { limits: { ...limits, items: maxItems } }) };
}

/** The edges and link ends of one segment while they are collected. */
class SegmentDraft {
  readonly segment: PlanSegment;
  readonly edges: SegmentEdge[] = [];
  readonly links: LinkEnd[] = [];

  constructor(segment: PlanSegment) {
    this.segment = segment;
  }

  add(end: LinkEnd, makeEdge: (link: number) => SegmentEdge): WireEnd {
    const index = this.links.push(end) - 1;
    this.edges.push(makeEdge(index));
    return { segment: this.segment, index };
  }
}
