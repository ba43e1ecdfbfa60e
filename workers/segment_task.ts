/**
 * The run of one segment, where its nodes live: in a worker, or in the host
 * thread for the inline tier.
 *
 * @module
 */

import { connectChannels, type RemoteChannels } from "../core/channels/connect_channels.ts";
import { fromErrorEnvelope, toErrorEnvelope } from "../core/error_envelope.ts";
import { type Problem, StreamrackError } from "../core/errors.ts";
import type { SegmentMetrics } from "../core/pipeline/metrics.ts";
import { type LogEntry, SegmentRunner, type SegmentSpec } from "../core/pipeline/segment.ts";
import type { LinkEnd, LinkOptions, LinkReader, LinkWriter } from "./link/link.ts";
import { openLinkReader, openLinkWriter } from "./link/open_link.ts";
import type { LoadedPlugin } from "./plugin_loader.ts";
import { StepMarks, type WorkerBoard } from "./segment_board.ts";
import type { Outcome, SegmentControl, SegmentResult } from "./protocol.ts";

/** What a {@linkcode SegmentTaskRun} is made of. */
export interface SegmentTaskOptions {
  readonly spec: SegmentSpec;
  readonly links: readonly LinkEnd[];
  /** Leads to the channels of the application. Absent where nodes have none. */
  readonly channels?: MessagePort | undefined;
  readonly threadId: number;
  /** Where it writes down what the host is to see. Absent in the host. */
  readonly board?: WorkerBoard | undefined;
  /** Tells which epoch has begun, where the host can write that down. */
  readonly latestEpoch?: (() => number) | undefined;
  loadPlugin(name: string): Promise<LoadedPlugin>;
  log(entry: LogEntry): void;
  /** Told what was counted once all nodes have ended well, before the links are closed. */
  onDone(metrics: SegmentMetrics): void;
}

/** Implements {@linkcode SegmentControl} and settles {@linkcode result} exactly once, when everything is closed. */
export class SegmentTaskRun implements SegmentControl {
  /** How it ended. Never rejects. */
  readonly result: Promise<SegmentResult>;
  readonly #options: SegmentTaskOptions;
  readonly #plugins = new Map<string, LoadedPlugin>();
  /** By number of the link. */
  readonly #writers = new Map<number, LinkWriter>();
  readonly #readers = new Map<number, LinkReader>();
  readonly #channels: RemoteChannels | undefined;
  readonly #runner: SegmentRunner;
  #prepared: Promise<Outcome<readonly Problem[]>> | undefined;
  #isRunning = false;
  #settle!: (result: SegmentResult) => void;

  constructor(options: SegmentTaskOptions) {
    const { spec, links, channels, threadId, board, latestEpoch, log } = options;
    this.#options = options;
    this.#channels = channels && connectChannels(channels);
    this.result = new Promise((resolve) => this.#settle = resolve);
    this.#runner = new SegmentRunner(spec, {
      threadId,
      log,
      channels: this.#channels,
      factory: ({ pluginName, nodeType }) => {
        const factory = this.#plugins.get(pluginName)?.factories.get(nodeType);
        if (factory !== undefined) return factory;
        throw new StreamrackError("invalid-plugin", `the plugin no longer provides "${nodeType}"`, { pluginName });
      },
      openInlet: (link, source, counts) => {
        const abort = (error: StreamrackError) => this.#runner.abort(error);
        const reader = openLinkReader(
          links[link] as LinkEnd,
          source,
          { ...optionsOf(spec, link, "from"), counts, latestEpoch },
          abort,
        );
        this.#readers.set(link, reader);
        return reader;
      },
      openOutlet: (link, counts) => {
        const writer = openLinkWriter(links[link] as LinkEnd, { ...optionsOf(spec, link, "to"), counts });
        this.#writers.set(link, writer);
        return writer;
      },
      ...(board === undefined ? {} : {
        watch: (node) => new StepMarks(board, spec.nodes.indexOf(node), node.policy?.deadlineMs !== undefined),
      }),
    });
  }

  prepare(): Promise<Outcome<readonly Problem[]>> {
    return this.#prepared ??= this.#attempt(async () => {
      for (const name of new Set(this.#options.spec.nodes.map((node) => node.pluginName))) {
        this.#plugins.set(name, await this.#options.loadPlugin(name));
      }
      return await this.#runner.prepare();
    });
  }

  async start(): Promise<Outcome<readonly Problem[]>> {
    const prepared = await this.prepare();
    if (!prepared.ok || prepared.value.length > 0) return prepared;
    // A start that fails leaves the end to the cancel that follows: an end now would overtake this answer.
    return await this.#attempt(async () => {
      await this.#runner.start();
      this.#isRunning = true;
      this.#run();
      return [];
    });
  }

  flush(epoch: number): void {
    this.#runner.flushBefore(epoch);
  }

  cancel(envelope: Parameters<SegmentControl["cancel"]>[0]): void {
    const error = fromErrorEnvelope(envelope);
    this.#runner.abort(error);
    if (!this.#isRunning) this.#end(error);
  }

  async reconnect(link: number, port: MessagePort): Promise<number | null> {
    return await (this.#writers.get(link) ?? this.#readers.get(link))?.reconnect(port) ?? null;
  }

  metrics(): SegmentMetrics {
    return this.#runner.metrics();
  }

  async #run(): Promise<void> {
    try {
      await this.#runner.run();
      // From here on a cancel ends it: a reader that has failed will never say that it has it all.
      this.#isRunning = false;
      this.#options.onDone(this.#runner.metrics());
      // A port that closes may drop what it still carries, so readers say when they have it all. Its own readers have,
      // unless a writer has died behind its end: the new one says everything again.
      await Promise.all([...this.#writers.values(), ...this.#readers.values()].map(({ closed }) => closed));
      this.#end();
    } catch (error) {
      this.#end(error);
    }
  }

  /** The first call counts. */
  #end(error?: unknown): void {
    for (const writer of this.#writers.values()) writer.close();
    for (const reader of this.#readers.values()) reader.close();
    for (const { port } of this.#options.links) port.close();
    void this.#channels?.disconnect();
    const outcome: Outcome<null> = error === undefined
      ? { ok: true, value: null }
      : { ok: false, error: toErrorEnvelope(error) };
    this.#settle({ outcome, metrics: this.#runner.metrics() });
  }

  async #attempt<T>(action: () => Promise<T>): Promise<Outcome<T>> {
    try {
      return { ok: true, value: await action() };
    } catch (thrown) {
      return { ok: false, error: toErrorEnvelope(thrown) };
    }
  }
}

/** What both ends of a link keep to, as the edge says that it serves, and who is at the other end. */
function optionsOf({ edges, limits, keeps, waitsAwake }: SegmentSpec, link: number, side: "from" | "to"): LinkOptions {
  const edge = edges.find(({ [side]: end }) => "link" in end && end.link === link);
  const nodeId = edge?.[side].nodeId;
  return { limits: edge?.limits ?? limits, keeps, waitsAwake, peer: nodeId === undefined ? undefined : { nodeId } };
}
