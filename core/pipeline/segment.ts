/**
 * A segment: connected nodes that share one task, and the run of one.
 *
 * @module
 */

import type { RemoteChannels } from "../channels/connect_channels.ts";
import type { JsonValue } from "../data/types.ts";
import { placed, type Problem, StreamrackError } from "../errors.ts";
import { settledWithin } from "../flow/settled_within.ts";
import { type EdgeCounts, EdgeTable } from "../flow/edge_counts.ts";
import { EdgeQueue } from "../flow/edge_queue.ts";
import { FanIn } from "../flow/fan_in.ts";
import type { Inlet } from "../flow/inlet.ts";
import { DroppingQueue } from "../flow/dropping_queue.ts";
import type { FlowLimits, ItemWriter, WhenFull } from "../flow/item.ts";
import { Outlet } from "../flow/outlet.ts";
import type { LogLevel, NodeLog, NodeSource } from "../node/contract.ts";
import type { StreamingNodeFactory } from "../node/factory.ts";
import { ActivityRecorder } from "./activity.ts";
import type { SegmentMetrics } from "./metrics.ts";
import { NodeRunner } from "./node_runner.ts";
import type { NodePolicy } from "./policy.ts";
import type { PortRef } from "./port_ref.ts";
import type { StepWatch } from "./step_watch.ts";

/** One node of a segment. */
export interface SegmentNode {
  readonly nodeId: string;
  /** Registered name, never an alias. */
  readonly nodeType: string;
  readonly pluginName: string;
  /** As the manifest gives them. */
  readonly params: JsonValue | undefined;
  /** Where they stand in the manifest. */
  readonly paramsPath: string;
  /** Absent: the default. */
  readonly policy?: NodePolicy | undefined;
}

/** An edge of a segment. What lies outside of it is reached by a link, named by its number. */
export interface SegmentEdge {
  readonly from: PortRef | { readonly link: number; readonly nodeId?: string | undefined };
  readonly to: PortRef | { readonly link: number; readonly nodeId?: string | undefined };
  /** Absent: those of the session. */
  readonly limits?: FlowLimits | undefined;
  /** What happens when it is full. Default: the writer waits. */
  readonly whenFull?: WhenFull | undefined;
  /** Its row in the segment's table of counts. */
  readonly row: number;
}

/** Everything that a worker needs to know to run a segment. Plain and cloneable. */
export interface SegmentSpec {
  readonly sessionId: string;
  readonly segmentId: string;
  /** In topological order. */
  readonly nodes: readonly SegmentNode[];
  /** In the order of the manifest, which is the order of `sources` that a node sees. */
  readonly edges: readonly SegmentEdge[];
  readonly limits: FlowLimits;
  /** Whether nothing may be lost: inputs are kept until nothing that was made from them is under way. Default: false. */
  readonly keeps?: boolean | undefined;
  /** Epoch of the session when the segment is started. Default: 0. */
  readonly epoch?: number | undefined;
  /** How many rows the segment's table of counts has. */
  readonly countedEdges: number;
  /** The memory of that table. Absent without shared memory: the segment then counts for itself, until it is asked. */
  readonly counts?: SharedArrayBuffer | undefined;
  /** Whether waits for other threads may begin awake. Default: true. */
  readonly waitsAwake?: boolean | undefined;
  /** W3C trace context of the session, where the application traces. */
  readonly traceparent?: string | undefined;
  /** Whether the metrics tell when each node was at work. Default: false. */
  readonly recordsActivity?: boolean | undefined;
}

/** A log entry of a node. */
export interface LogEntry {
  readonly level: LogLevel;
  readonly message: string;
  readonly details?: { readonly [key: string]: JsonValue } | undefined;
  readonly sessionId: string;
  readonly nodeId: string;
  readonly pluginName: string;
}

/** What a {@linkcode SegmentRunner} needs from where it runs. */
export interface SegmentEnvironment {
  readonly threadId: number;
  /** Finds the factory of a node. */
  factory(node: SegmentNode): StreamingNodeFactory;
  /** Opens the reading end of a link. */
  openInlet(link: number, source: Omit<NodeSource, "ended">, counts: EdgeCounts): Inlet;
  /** Opens the writing end of a link. */
  openOutlet(link: number, counts: EdgeCounts): ItemWriter;
  log(entry: LogEntry): void;
  /** Channels of the application, for the nodes. The connection is the segment's own. */
  readonly channels?: RemoteChannels | undefined;
  /** Watches a node from outside of its thread. */
  watch?(node: SegmentNode): StepWatch;
}

/** How long an aborted node may take to return before it is left behind, in milliseconds. */
const RETURN_GRACE_MS = 1_000;

/**
 * Runs the nodes of one segment. `prepare`, `start` and `run` are called once
 * each, in this order; `abort` at any time.
 */
export class SegmentRunner {
  readonly #spec: SegmentSpec;
  readonly #environment: SegmentEnvironment;
  readonly #abortController = new AbortController();
  readonly #params = new Map<string, unknown>();
  readonly #counts: EdgeTable;
  /** By node id, where the session is to be drawn. */
  readonly #activity = new Map<string, ActivityRecorder>();
  /** Settles when the run is aborted. Raced once per phase of a session, never per value. */
  readonly #aborted: Promise<void>;
  #runners: NodeRunner[] = [];
  #failure: Error | undefined;

  constructor(spec: SegmentSpec, environment: SegmentEnvironment) {
    this.#spec = spec;
    this.#environment = environment;
    this.#counts = new EdgeTable(spec.counts ?? new ArrayBuffer(EdgeTable.bytesFor(spec.countedEdges)));
    const { signal } = this.#abortController;
    this.#aborted = new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  }

  /** Checks the parameters of every node and returns all that is wrong. Nothing is created. */
  async prepare(): Promise<Problem[]> {
    const problems: Problem[] = [];
    for (const node of this.#spec.nodes) {
      const result = await this.#environment.factory(node).checkParams(node.params, node.paramsPath);
      if (result.ok) this.#params.set(node.nodeId, result.params);
      else problems.push(...result.problems);
    }
    return problems;
  }

  /** Creates every node. If one fails, those that were made are disposed of. */
  async start(): Promise<void> {
    // It may have been aborted while it was prepared.
    if (this.#failure !== undefined) throw this.#failure;
    const inlets = this.#openInlets();
    const creations = Promise.allSettled(this.#spec.nodes.map((node) => this.#createRunner(node, inlets)));
    await Promise.race([creations, this.#aborted]);
    const created = await settledWithin(creations, this.#failure === undefined ? Infinity : RETURN_GRACE_MS) ?? [];
    this.#runners = created.flatMap((result) => result.status === "fulfilled" ? [result.value] : []);
    const rejected = created.find((result) => result.status === "rejected");
    if (rejected !== undefined) this.abort(rejected.reason);
    if (this.#failure !== undefined) {
      await this.#dispose();
      throw this.#failure;
    }
  }

  /** Runs every node to its end, then disposes of all. Rejects with the first failure. */
  async run(): Promise<void> {
    const ends = Promise.all(this.#runners.map((runner) => runner.run().catch((error) => this.abort(error))));
    await Promise.race([ends, this.#aborted]);
    // A node that never returns is left behind after the grace: it holds nothing up.
    if (this.#failure !== undefined) await settledWithin(ends, RETURN_GRACE_MS);
    await this.#dispose();
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Drops everything of an earlier epoch, in every queue and every node. */
  flushBefore(epoch: number): void {
    for (const runner of this.#runners) runner.flushBefore(epoch);
  }

  /** Ends the run with an error: waits are rejected, `signal` aborts, answers in progress are asked to return. */
  abort(error: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#abortController.abort(error);
    for (const runner of this.#runners) runner.abort(error);
    // A node that waits for a value of a channel, or for room in one, would hold the end up.
    void this.#environment.channels?.disconnect();
  }

  /** Counts and times of every node, and counts of the edges where nobody sees them otherwise. */
  metrics(): SegmentMetrics {
    const { threadId } = this.#environment;
    const nodes = this.#runners.map(({ options, counts, outputs, durations }) => ({
      nodeId: options.nodeId,
      nodeType: options.description.type,
      pluginName: options.pluginName,
      threadId,
      ...counts,
      itemsOut: outputs.itemsOut,
      bytesOut: outputs.bytesOut,
      queueDepth: options.fanIn.depth,
      p50Ms: durations.quantileMs(0.5),
      p99Ms: durations.quantileMs(0.99),
      ...this.#spec.recordsActivity === true ? { activity: this.#activity.get(options.nodeId)?.spans ?? [] } : {},
    }));
    const edges = this.#spec.counts === undefined ? this.#spec.edges : [];
    return {
      nodes,
      edges: edges.flatMap(({ from, to, row }) => [
        ..."port" in from ? [this.#counts.sample(row, "writer")] : [],
        ..."port" in to ? [this.#counts.sample(row, "reader")] : [],
      ]),
    };
  }

  /** Opens the reading end of every edge that leads to a node of this segment. */
  #openInlets(): Map<SegmentEdge, Inlet> {
    const inlets = new Map<SegmentEdge, Inlet>();
    for (const edge of this.#spec.edges) {
      if (!("port" in edge.to)) continue;
      const source = { port: edge.to.port, from: edge.from.nodeId };
      const inlet = "link" in edge.from
        ? this.#environment.openInlet(edge.from.link, source, this.#counts.open(edge.row))
        : new EdgeQueue(source, edge.limits ?? this.#spec.limits, this.#counts.open(edge.row).beginBoth());
      inlet.onLaterEpoch = (epoch) => this.flushBefore(epoch);
      inlet.flushBefore(this.#spec.epoch ?? 0);
      inlets.set(edge, inlet);
    }
    return inlets;
  }

  async #createRunner(node: SegmentNode, inlets: ReadonlyMap<SegmentEdge, Inlet>): Promise<NodeRunner> {
    const { nodeId, pluginName } = node;
    const factory = this.#environment.factory(node);
    const { definition } = factory;
    const own = [...inlets].flatMap(([{ to }, inlet]) => "port" in to && to.nodeId === nodeId ? [inlet] : []);
    const created = await factory.create({
      params: this.#params.get(nodeId),
      nodeId,
      sources: own.map((inlet) => inlet.source),
      signal: this.#abortController.signal,
      log: this.#log(node),
      traceparent: this.#spec.traceparent,
      channels: this.#environment.channels,
    });
    if (this.#failure !== undefined) {
      await created[Symbol.asyncDispose]?.();
      throw this.#failure;
    }
    const outlets = Object.keys(definition.outputs).map((port) => {
      const writers = this.#spec.edges.flatMap((edge) => {
        if (!("port" in edge.from) || edge.from.nodeId !== nodeId || edge.from.port !== port) return [];
        // An edge within the segment ends in a queue, which is its own writer.
        const inlet = inlets.get(edge);
        const counts = this.#counts.open(edge.row);
        const writer = inlet instanceof EdgeQueue
          ? inlet
          : this.#environment.openOutlet((edge.to as { link: number }).link, counts.beginWriting());
        const { whenFull = "block" } = edge;
        const limits = edge.limits ?? this.#spec.limits;
        if (whenFull === "block") return [writer];
        const onFailure = (error: Error) => this.abort(placed(StreamrackError.from(error), { nodeId, pluginName }));
        return [new DroppingQueue(writer, { whenFull, limits, counts, onFailure })];
      });
      return [port, new Outlet(writers, this.#firstSequence(writers))] as const;
    });
    return new NodeRunner({
      nodeId,
      pluginName,
      description: definition,
      node: created,
      fanIn: new FanIn(own, created.align ?? definition.align ?? "any", this.#spec.waitsAwake),
      outlets: new Map(outlets),
      signal: this.#abortController.signal,
      log: this.#log(node),
      policy: node.policy,
      watch: this.#watch(node),
    });
  }

  #watch(node: SegmentNode): StepWatch | undefined {
    const outer = this.#environment.watch?.(node);
    if (this.#spec.recordsActivity !== true) return outer;
    const recorder = new ActivityRecorder(outer);
    this.#activity.set(node.nodeId, recorder);
    return recorder;
  }

  /**
   * Where the outputs of a port go on after those of an earlier run, whose thread has died. What was under way there
   * is lost, unless it was kept: the gap shows it.
   */
  #firstSequence(writers: readonly ItemWriter[]): number {
    const next = Math.max(0, ...writers.map(({ nextSequence = 0 }) => nextSequence));
    return next > 0 && this.#spec.keeps !== true ? next + 1 : next;
  }

  async #dispose(): Promise<void> {
    await Promise.all(this.#runners.map(async (runner) => {
      const { nodeId, pluginName } = runner.options;
      const disposed = runner.dispose().then(() => true, (error) => void (this.#failure ??= error));
      if (await settledWithin(disposed, RETURN_GRACE_MS) !== undefined || this.#failure !== undefined) return;
      this.#failure = new StreamrackError("deadline-exceeded", `its disposer did not end in ${RETURN_GRACE_MS} ms`, {
        nodeId,
        pluginName,
      });
    }));
  }

  #log({ nodeId, pluginName }: SegmentNode): NodeLog {
    const write = (level: LogLevel) => (message: string, details?: LogEntry["details"]) => {
      this.#environment.log({ level, message, details, sessionId: this.#spec.sessionId, nodeId, pluginName });
    };
    return { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
  }
}
