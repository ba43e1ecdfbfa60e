/**
 * Wiring: the links of a session, and which end goes where.
 *
 * @module
 */

import type { FlowLimits } from "../core/flow/item.ts";
import type { Plan, PlanEdge, PlanSegment } from "../core/pipeline/plan.ts";
import type { PortRef } from "../core/pipeline/port_ref.ts";
import type { SegmentEdge, SegmentSpec } from "../core/pipeline/segment.ts";
import { type CountedEnd, HOST, SessionCounters } from "../core/pipeline/session_counters.ts";
import type { LinkEnd } from "./link/link.ts";
import { createLink } from "./link/open_link.ts";
import type { RingBytes } from "./link/ring.ts";
import { ringInFlight } from "./link/ring_in_flight.ts";
import { type RingPool, RingPools } from "./link/ring_pool.ts";
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
  readonly ring: RingBytes | undefined;
}

/** One segment of a session: what it is to run, and how it is put where it runs. */
export interface SegmentWiring {
  readonly segment: PlanSegment;
  readonly spec: SegmentSpec;
  /** Its ends of its links when the session begins, by number. */
  readonly links: readonly LinkEnd[];
}

/**
 * Who may still touch the rings of a session: nobody; a thread that has died, at its last step; or a worker that has
 * broken the protocol, and may go on to write where it likes.
 */
export type RingsEnd = "unused" | "thread-lost" | "broken";

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
  readonly waitsAwake: boolean | undefined;
  readonly counters: SessionCounters;
  /** Lets the rings go. */
  releaseRings(end: RingsEnd): void;
  /** Puts a segment where it runs. */
  place(wiring: SegmentWiring): PlacedSegment;
}

/** How {@linkcode wireSession} wires. */
export interface WiringOptions {
  readonly sessionId: string;
  readonly limits: FlowLimits;
  /** Whether nothing may be lost. Default: false. */
  readonly keeps?: boolean | undefined;
  /** Whether waits of one thread for another may begin awake. Default: true. */
  readonly waitsAwake?: boolean | undefined;
  /** Whether links may use shared memory. Default: true. */
  readonly sharedMemory?: boolean | undefined;
  /** Where rings come from, and go when they are released. Default: pools of its own. */
  readonly ringPools?: RingPools | undefined;
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
  const { sessionId, limits, keeps = false, sharedMemory, ringPools = new RingPools(), place } = options;
  const { traceparent, recordsActivity, waitsAwake } = options;
  // Nothing is shared with another process: where one takes part, threads are asked for their counts.
  const areThreads = plan.segments.every(({ tier }) => tier !== "process");
  const counters = new SessionCounters({ shared: sharedMemory !== false && areThreads });
  const segmentOf = new Map(plan.segments.flatMap((segment) => segment.nodes.map(({ id }) => [id, segment] as const)));
  const drafts = new Map(plan.segments.map((segment, owner) => [segment, new SegmentDraft(segment, owner)]));
  const draftOf = (ref: PortRef) => drafts.get(segmentOf.get(ref.nodeId) as PlanSegment) as SegmentDraft;
  const wires: Wire[] = [];
  const rings: { readonly ring: RingBytes; readonly pool: RingPool }[] = [];
  const groupOf = (ref: PortRef | undefined) => {
    const segment = ref && segmentOf.get(ref.nodeId);
    return segment?.tier === "worker" ? segment.group : undefined;
  };
  const connect = (
    { from, to, maxItems = limits.items }: Partial<PlanEdge>,
    attachWriter: AttachEnd,
    attachReader: AttachEnd,
  ) => {
    const takeRing = () => {
      const pool = ringPools.between(groupOf(from), groupOf(to));
      const ring = pool.take(maxItems);
      rings.push({ ring, pool });
      return ring;
    };
    const isLocal = [from, to].every((end) => end === undefined || segmentOf.get(end.nodeId)?.tier !== "process");
    const isRelayed = !isLocal && from !== undefined && to !== undefined;
    const { writer, reader } = createLink({ shared: sharedMemory !== false && isLocal, takeRing });
    const { ring } = writer;
    const [writes, reads] = [attachWriter(writer), attachReader(reader)];
    wires.push({ ring, writer: writes.end, reader: reads.end });
    const inFlight = ring && (() => ringInFlight(ring));
    counters.add({ from, to, isFused: false, isRelayed, inFlight }, writes.counted, reads.counted);
  };
  let hostRows = 0;
  const hostEnd = (ends: LinkEnd[]): AttachEnd => (end) => ({
    end: { segment: undefined, index: ends.push(end) - 1 },
    counted: { owner: HOST, row: hostRows++ },
  });

  const inputs: LinkEnd[] = [];
  for (const { nodeId, port } of plan.inputs) {
    const to = { nodeId, port };
    connect({ to }, hostEnd(inputs), (end) => draftOf(to).add(end, (link, row) => ({ from: { link }, to, row })));
  }
  for (const edge of plan.edges) {
    const { from, to } = edge;
    const flow = flowOf(edge, limits);
    const [draft, other] = [draftOf(from), draftOf(to)];
    if (draft === other) {
      const counted = draft.addFused((row) => ({ from, to, ...flow, row }));
      counters.add({ from, to, isFused: true }, counted, counted);
      continue;
    }
    connect(
      edge,
      (end) => draft.add(end, (link, row) => ({ from, to: { link, nodeId: to.nodeId }, ...flow, row })),
      (end) => other.add(end, (link, row) => ({ from: { link, nodeId: from.nodeId }, to, ...flow, row })),
    );
  }
  const outputs: LinkEnd[] = [];
  for (const { nodeId, port } of plan.outputs) {
    const from = { nodeId, port };
    connect({ from }, (end) => draftOf(from).add(end, (link, row) => ({ from, to: { link }, row })), hostEnd(outputs));
  }
  counters.addTable(HOST, hostRows);

  const segments = [...drafts.values()].map(({ segment, owner, edges, links }) => {
    const nodes = segment.nodes.map(({ id, description, plugin, params, paramsPath, policy }) => ({
      nodeId: id,
      nodeType: description.type,
      pluginName: plugin.description.name,
      params,
      paramsPath,
      policy,
    }));
    const counts = counters.addTable(owner, edges.length);
    const counted = { countedEdges: edges.length, counts, waitsAwake, traceparent, recordsActivity };
    return { segment, spec: { sessionId, segmentId: segment.id, nodes, edges, limits, keeps, ...counted }, links };
  });
  const releaseRings = (end: RingsEnd) => {
    for (const { ring, pool } of rings.splice(0)) {
      if (end === "unused") pool.giveBack(ring);
      else if (end === "thread-lost") pool.giveBackLater(ring);
      else pool.abandon(ring);
    }
  };
  return { segments, wires, inputs, outputs, limits, keeps, waitsAwake, counters, releaseRings, place };
}

/** Hands one end of a link to whoever holds it, and counts there. */
type AttachEnd = (end: LinkEnd) => { readonly end: WireEnd; readonly counted: CountedEnd };

/** What an edge says of its own flow. */
function flowOf({ maxItems, whenFull }: PlanEdge, limits: FlowLimits): Pick<SegmentEdge, "limits" | "whenFull"> {
  return { whenFull, ...(maxItems === undefined ? {} : { limits: { ...limits, items: maxItems } }) };
}

/** The edges and link ends of one segment while they are collected. */
class SegmentDraft {
  readonly segment: PlanSegment;
  /** Its number among those who count. */
  readonly owner: number;
  readonly edges: SegmentEdge[] = [];
  readonly links: LinkEnd[] = [];

  constructor(segment: PlanSegment, owner: number) {
    this.segment = segment;
    this.owner = owner;
  }

  add(end: LinkEnd, makeEdge: (link: number, row: number) => SegmentEdge): ReturnType<AttachEnd> {
    const index = this.links.push(end) - 1;
    return { end: { segment: this.segment, index }, counted: this.addFused((row) => makeEdge(index, row)) };
  }

  addFused(makeEdge: (row: number) => SegmentEdge): CountedEnd {
    const row = this.edges.length;
    this.edges.push(makeEdge(row));
    return { owner: this.owner, row };
  }
}
