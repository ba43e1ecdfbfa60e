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
import type { LinkEnd, PostedEnd } from "./link/link.ts";
import { createLinkOver } from "./link/open_link.ts";
import type { RingBytes } from "./link/ring.ts";
import { ringInFlight } from "./link/ring_in_flight.ts";
import { type RingPool, RingPools } from "./link/ring_pool.ts";
import type { PlacedSegment } from "./placement.ts";
import { createTrunk, type TrunkEnds } from "./trunk.ts";

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
  readonly links: readonly PostedEnd[];
  /** Carries those of its links whose other end the host holds. Absent where it runs in the host. */
  readonly trunk: TrunkEnds | undefined;
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
  const isLocal = (...ends: (PortRef | undefined)[]) =>
    ends.every((end) => end === undefined || segmentOf.get(end.nodeId)?.tier !== "process");
  const takeRing = (from: PortRef | undefined, to: PortRef | undefined, maxItems = limits.items) => {
    if (sharedMemory === false || !isLocal(from, to) || typeof SharedArrayBuffer === "undefined") return undefined;
    const pool = ringPools.between(groupOf(from), groupOf(to));
    const ring = pool.take(maxItems);
    rings.push({ ring, pool });
    return ring;
  };
  const note = ({ from, to, ring }: LinkRefs, writes: AttachedEnd, reads: AttachedEnd) => {
    wires.push({ ring, writer: writes.end, reader: reads.end });
    const isRelayed = !isLocal(from, to) && from !== undefined && to !== undefined;
    const inFlight = ring && (() => ringInFlight(ring));
    counters.add({ from, to, isFused: false, isRelayed, inFlight }, writes.counted, reads.counted);
  };
  let hostRows = 0;
  const attachToHost = (ends: LinkEnd[], end: LinkEnd): AttachedEnd => ({
    end: { segment: undefined, index: ends.push(end) - 1 },
    counted: { owner: HOST, row: hostRows++ },
  });

  const inputs: LinkEnd[] = [];
  for (const { nodeId, port } of plan.inputs) {
    const to = { nodeId, port };
    const ring = takeRing(undefined, to);
    const { near, far } = draftOf(to).linkWithHost(ring);
    note({ to, ring }, attachToHost(inputs, near), draftOf(to).add(far, (link, row) => ({ from: { link }, to, row })));
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
    const ring = takeRing(from, to, edge.maxItems);
    const { writer, reader } = createLinkOver(ring);
    note(
      { from, to, ring },
      draft.add(writer, (link, row) => ({ from, to: { link, nodeId: to.nodeId }, ...flow, row })),
      other.add(reader, (link, row) => ({ from: { link, nodeId: from.nodeId }, to, ...flow, row })),
    );
  }
  const outputs: LinkEnd[] = [];
  for (const { nodeId, port } of plan.outputs) {
    const from = { nodeId, port };
    const ring = takeRing(from, undefined);
    const { near, far } = draftOf(from).linkWithHost(ring);
    const writes = draftOf(from).add(far, (link, row) => ({ from, to: { link }, row }));
    note({ from, ring }, writes, attachToHost(outputs, near));
  }
  counters.addTable(HOST, hostRows);

  const segments = [...drafts.values()].map(({ segment, owner, edges, links, trunk }) => {
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
    return {
      segment,
      spec: { sessionId, segmentId: segment.id, nodes, edges, limits, keeps, ...counted },
      links,
      trunk,
    };
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

/** What a link leads from and to; the host where that is absent. */
interface LinkRefs {
  readonly from?: PortRef;
  readonly to?: PortRef;
  readonly ring: RingBytes | undefined;
}

/** One end of a link with whoever holds it, and where he counts. */
interface AttachedEnd {
  readonly end: WireEnd;
  readonly counted: CountedEnd;
}

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
  readonly links: PostedEnd[] = [];
  readonly trunk: TrunkEnds | undefined;

  constructor(segment: PlanSegment, owner: number) {
    this.segment = segment;
    this.owner = owner;
    this.trunk = segment.tier === "inline" ? undefined : createTrunk();
  }

  /** Makes both ends of its next link, whose other end the host holds. The far one is to be added next. */
  linkWithHost(ring: RingBytes | undefined): { readonly near: LinkEnd; readonly far: PostedEnd } {
    if (this.trunk !== undefined) {
      return { near: { port: this.trunk.near.line(this.links.length), ring }, far: { ring } };
    }
    const { writer, reader } = createLinkOver(ring);
    return { near: writer, far: reader };
  }

  add(end: PostedEnd, makeEdge: (link: number, row: number) => SegmentEdge): AttachedEnd {
    const index = this.links.push(end) - 1;
    return { end: { segment: this.segment, index }, counted: this.addFused((row) => makeEdge(index, row)) };
  }

  addFused(makeEdge: (row: number) => SegmentEdge): CountedEnd {
    const row = this.edges.length;
    this.edges.push(makeEdge(row));
    return { owner: this.owner, row };
  }
}
