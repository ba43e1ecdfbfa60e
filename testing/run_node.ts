/**
 * Runs one node against given values, in the current thread, with the same
 * engine that runs it in a worker.
 *
 * @module
 */

import { connectChannels } from "../core/channels/connect_channels.ts";
import type { Channels } from "../core/channels/channel_manager.ts";
import { byteLength, copyData, toMovable, transferables } from "../core/data/transfer.ts";
import type { RuntimeData } from "../core/data/types.ts";
import { checkRuntimeData } from "../core/data/validate.ts";
import { StreamrackError } from "../core/errors.ts";
import { EdgeQueue } from "../core/flow/edge_queue.ts";
import type { Item } from "../core/flow/item.ts";
import { joinsPorts, type PortKinds } from "../core/node/contract.ts";
import type { AnyNodeDefinition } from "../core/node/define.ts";
import { StreamingNodeFactory } from "../core/node/factory.ts";
import { type LogEntry, type SegmentEdge, SegmentRunner } from "../core/pipeline/segment.ts";
import type { JsonValue } from "../core/data/types.ts";
import { openSegmentChannels } from "../workers/segment_channels.ts";

/** Values for a node, in order; they may come over time. */
export type NodeInput = Iterable<RuntimeData> | AsyncIterable<RuntimeData>;

/** One incoming connection of the node under test. */
export interface TestSource {
  /** Input port. Default: the first. */
  readonly port?: string;
  /** Id of the node that it seems to come from. Default: none, as for the input of a session. */
  readonly from?: string;
  readonly data: NodeInput;
}

/** How {@linkcode runNode} runs. */
export interface RunNodeOptions {
  /** Parameters, as a manifest would give them. Default: none. */
  readonly params?: JsonValue;
  /** Id of the node. Default: `"node"`. */
  readonly nodeId?: string;
  /** Ends the run with `session-cancelled`. */
  readonly signal?: AbortSignal;
  /**
   * Detach what the node yields, as a transfer to another thread would, so
   * that a later use of it shows. Default: true.
   */
  readonly strict?: boolean;
  /** What the node finds as the `traceparent` of its context. Default: none, as where nobody traces. */
  readonly traceparent?: string;
  /** Channels that the node may use. Default: none. */
  readonly channels?: Channels;
}

/** What a node did. */
export interface NodeRun {
  /** Outputs of the first (or only) port. */
  readonly output: readonly RuntimeData[];
  /** Outputs by port. */
  readonly outputs: { readonly [port: string]: readonly RuntimeData[] };
  readonly log: readonly LogEntry[];
}

/**
 * Feeds values to a node, waits for its end, and gives all that left it. The
 * values given stay the caller's; the node receives copies.
 *
 * @param definition The node type, as `defineNode` returned it.
 * @param input Values for the first port, or a list of sources for nodes with several.
 * @throws {StreamrackError} `invalid-params`, `invalid-data`, `wrong-kind` or `unknown-target` if what was given does
 * not fit the node, or what the node failed with.
 *
 * @example
 * ```ts
 * import { runNode } from "@streamrack/core/testing";
 * import { defineNode, RuntimeData } from "@streamrack/core/plugin";
 * import assert from "node:assert/strict";
 *
 * const shout = defineNode({
 *   type: "text.shout",
 *   summary: "Says it louder.",
 *   inputs: { in: ["text"] },
 *   outputs: { out: ["text"] },
 *   create: () => ({ process: (data) => RuntimeData.text(data.text.toUpperCase()) }),
 * });
 *
 * const { output } = await runNode(shout, [RuntimeData.text("hello")]);
 * assert.deepEqual(output, [RuntimeData.text("HELLO")]);
 * ```
 */
export async function runNode(
  definition: AnyNodeDefinition,
  input: NodeInput | { readonly sources: readonly TestSource[] } = [],
  options: RunNodeOptions = {},
): Promise<NodeRun> {
  const { params, nodeId = "node", signal, strict = true, traceparent } = options;
  const firstPort = Object.keys(definition.inputs)[0] ?? "in";
  const sources = "sources" in input ? input.sources : firstPort in definition.inputs ? [{ data: input }] : [];
  checkSources(definition, sources, firstPort);
  const ports = Object.keys(definition.outputs);
  const outputs: Record<string, RuntimeData[]> = Object.fromEntries(ports.map((port) => [port, []]));
  const log: LogEntry[] = [];

  const edges: SegmentEdge[] = [
    ...sources.map((source, link) => ({
      from: { link, nodeId: source.from },
      to: { nodeId, port: source.port ?? firstPort },
      row: link,
    })),
    ...ports.map((port, i) => ({ from: { nodeId, port }, to: { link: sources.length + i }, row: sources.length + i })),
  ];
  const nodes = [{ nodeId, nodeType: definition.type, pluginName: "test", params, paramsPath: "params" }];
  const limits = { items: 16, bytes: 1 << 22 };
  const offered = openSegmentChannels(options.channels);
  const channels = offered && connectChannels(offered.port);
  const ids = { sessionId: "test", segmentId: "test" };
  const runner = new SegmentRunner({ ...ids, nodes, edges, limits, countedEdges: edges.length, traceparent }, {
    threadId: 0,
    factory: () => new StreamingNodeFactory(definition, "test"),
    openInlet: (link, source) => {
      const queue = new EdgeQueue(source, limits);
      const { data, port = firstPort } = sources[link] as TestSource;
      feed(data, queue, port, definition.inputs[port]).catch((error) => runner.abort(error));
      return queue;
    },
    openOutlet: (link) => ({
      write: ({ data }: Item) =>
        void outputs[ports[link - sources.length] as string]?.push(strict ? detach(data) : data),
      end() {},
      abort() {},
    }),
    log: (entry) => void log.push(entry),
    channels,
  });

  const abort = () =>
    runner.abort(new StreamrackError("session-cancelled", "the run was cancelled", { cause: signal?.reason }));
  signal?.addEventListener("abort", abort, { once: true });
  try {
    if (signal?.aborted) abort();
    const problems = await runner.prepare();
    if (problems.length > 0) throw new StreamrackError("invalid-params", "the parameters are not right", { problems });
    await runner.start();
    await runner.run();
  } finally {
    signal?.removeEventListener("abort", abort);
    offered?.endWith(channels?.disconnect() ?? Promise.resolve());
  }
  return { output: outputs[ports[0] as string] ?? [], outputs, log };
}

/** The rules of a plan: the ports are there, and a node that zips has one source for each. */
function checkSources(definition: AnyNodeDefinition, sources: readonly TestSource[], firstPort: string): void {
  const taken = new Set<string>();
  for (const [index, { port = firstPort }] of sources.entries()) {
    const path = `sources[${index}].port`;
    if (!Object.hasOwn(definition.inputs, port)) {
      const expected = Object.keys(definition.inputs).join(", ") || "no source, since the node has no input";
      const problem = { path, message: "is not an input port", received: JSON.stringify(port), expected };
      throw new StreamrackError("unknown-target", "the node cannot be given this", { problems: [problem] });
    }
    if (joinsPorts(definition.align) && taken.has(port)) {
      const problem = { path, message: `"${port}" has a source already`, expected: "one source for each port" };
      throw new StreamrackError("unknown-target", "the node cannot be given this", { problems: [problem] });
    }
    taken.add(port);
  }
}

/** Ends early when the node has failed, since the queue then rejects; rejects when the input itself throws. */
async function feed(input: NodeInput, queue: EdgeQueue, port: string, kinds: PortKinds): Promise<void> {
  let sequence = 0;
  for await (const value of input) {
    // The same checks as those of a session's send().
    const data = checkRuntimeData(value, `input "${port}"`);
    if (!kinds.includes(data.type) && !kinds.includes("any")) {
      const problem = { path: "data.type", message: "is of the wrong kind", received: data.type };
      const problems = [{ ...problem, expected: kinds.join(" or ") }];
      throw new StreamrackError("wrong-kind", `input "${port}" does not take ${data.type} data`, { problems });
    }
    await queue.write({ data: copyData(data), sequence: sequence++, epoch: 0, bytes: byteLength(data) });
  }
  queue.end();
}

/** What another thread would get: the bytes themselves where they can be moved, else a copy of them. */
function detach(data: RuntimeData): RuntimeData {
  const movable = toMovable(data);
  return structuredClone(movable, { transfer: transferables(movable) });
}
