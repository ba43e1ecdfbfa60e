/**
 * Runs one node: takes its inputs one at a time, hands its outputs on, and
 * counts.
 *
 * @module
 */

import { byteLength } from "../data/transfer.ts";
import type { RuntimeData } from "../data/types.ts";
import { checkRuntimeData } from "../data/validate.ts";
import { displayValue, placed, StreamrackError } from "../errors.ts";
import type { Delivery, FanIn } from "../flow/fan_in.ts";
import type { Inlet } from "../flow/inlet.ts";
import type { Outlet } from "../flow/outlet.ts";
import type { ItemContext, StreamingNode } from "../node/contract.ts";
import type { NodeDescription } from "../node/describe.ts";
import { DurationHistogram } from "./metrics.ts";

/** What a {@linkcode NodeRunner} works with. */
export interface NodeRunnerOptions {
  readonly nodeId: string;
  readonly pluginName: string;
  readonly description: Pick<NodeDescription, "type" | "inputs" | "outputs">;
  readonly node: StreamingNode;
  readonly fanIn: FanIn;
  /** By output port. */
  readonly outlets: ReadonlyMap<string, Outlet>;
  readonly signal: AbortSignal;
}

/** What a {@linkcode NodeRunner} counted. */
export interface NodeCounts {
  itemsIn: number;
  itemsOut: number;
  bytesIn: number;
  bytesOut: number;
  busyMs: number;
}

/** Runs one node from its first input to its end. */
export class NodeRunner {
  readonly options: NodeRunnerOptions;
  readonly counts: NodeCounts = { itemsIn: 0, itemsOut: 0, bytesIn: 0, bytesOut: 0, busyMs: 0 };
  readonly durations: DurationHistogram = new DurationHistogram();
  readonly #isSingleIn: boolean;
  readonly #singleOut: string | undefined;
  #answer: AsyncIterator<unknown> | Iterator<unknown> | undefined;
  #waitedMs = 0;
  /** Epoch of the newest flush heard of, and that of the input in progress. */
  #epoch = 0;
  #stepEpoch = 0;
  #stepAbort: AbortController | undefined;
  #mustReset = false;
  #disposal: Promise<void> | undefined;

  constructor(options: NodeRunnerOptions) {
    this.options = options;
    const outputs = Object.keys(options.description.outputs);
    this.#isSingleIn = Object.keys(options.description.inputs).length === 1;
    this.#singleOut = outputs.length === 1 ? outputs[0] : undefined;
  }

  /**
   * Processes every input, then flushes and ends the outputs.
   *
   * @throws {StreamrackError} `node-failed` with what the node threw as its cause; or the error of an abort.
   */
  async run(): Promise<void> {
    const { node, fanIn, outlets } = this.options;
    for (let delivery = await fanIn.next(); delivery !== undefined; delivery = await fanIn.next()) {
      const current = delivery;
      await this.#step(epochOf(current), () => {
        this.#checkKinds(current);
        return node.process(this.#input(current), this.#context(current));
      });
    }
    if (node.flush !== undefined) await this.#step(this.#epoch, () => node.flush?.());
    for (const outlet of outlets.values()) outlet.end();
  }

  /** Drops what is of an earlier epoch: what waits, and the answer in progress with all it still gives. */
  flushBefore(epoch: number): void {
    if (epoch <= this.#epoch) return;
    this.#epoch = epoch;
    this.#mustReset = true;
    this.options.fanIn.flushBefore(epoch);
    if (this.#stepEpoch < epoch) this.#interrupt(flushed());
  }

  /** Stops waiting for input and for room, and asks the answer in progress to return. */
  abort(error: Error): void {
    this.options.fanIn.abort(error);
    for (const outlet of this.options.outlets.values()) outlet.abort(error);
    this.#interrupt(error);
  }

  #interrupt(error: Error): void {
    this.#stepAbort?.abort(error);
    // An async generator that waits for something queues this; its `finally` runs when that something settles.
    try {
      Promise.resolve(this.#answer?.return?.()).catch(() => {});
    } catch {
      // A generator that is running right now cannot be asked; its next write rejects.
    }
  }

  /** Calls the node's disposer, once; later calls wait for the same disposal. */
  dispose(): Promise<void> {
    return this.#disposal ??= (async () => {
      try {
        await this.options.node[Symbol.asyncDispose]?.();
      } catch (thrown) {
        throw this.#failure(thrown);
      }
    })();
  }

  async #step(epoch: number, call: () => unknown): Promise<void> {
    this.#stepEpoch = epoch;
    // The item may have been taken just before a flush.
    if (epoch < this.#epoch) return;
    const startMs = performance.now();
    this.#waitedMs = 0;
    try {
      if (this.#mustReset) {
        this.#mustReset = false;
        await this.options.node.reset?.();
      }
      await this.#drain(call());
    } catch (thrown) {
      // Whatever an interrupted answer throws is how it ends, not a failure.
      if (this.options.signal.aborted || this.#stepEpoch >= this.#epoch) throw this.#failure(thrown);
    } finally {
      this.#stepAbort = undefined;
      const busyMs = performance.now() - startMs - this.#waitedMs;
      this.counts.busyMs += busyMs;
      this.durations.add(busyMs);
    }
  }

  /** Where the plan saw `"any"`, the kind of each value is known only now. */
  #checkKinds({ edges, items }: Delivery): void {
    for (const [i, { data }] of items.entries()) {
      const { port, from } = (edges[i] as Inlet).source;
      const kinds = this.options.description.inputs[port];
      if (kinds === undefined || kinds.includes("any") || kinds.includes(data.type)) continue;
      const origin = from === undefined ? "the session" : `node "${from}"`;
      throw new StreamrackError("wrong-kind", `input "${port}" does not take ${data.type} data`, {
        problems: [{
          path: `input "${port}"`,
          message: `is of the wrong kind, from ${origin}`,
          received: data.type,
          expected: kinds.join(" or "),
        }],
      });
    }
  }

  #input({ edges, items }: Delivery): never {
    for (const item of items) {
      this.counts.itemsIn += 1;
      this.counts.bytesIn += item.bytes;
    }
    const [item] = items;
    if (this.#isSingleIn) return item?.data as never;
    return Object.fromEntries(edges.map((edge, i) => [edge.source.port, items[i]?.data])) as never;
  }

  #context({ edges: [edge], items: [item] }: Delivery): ItemContext {
    const stepSignal = () => this.#stepSignal();
    return {
      source: edge?.source as ItemContext["source"],
      sequence: item?.sequence as number,
      // Made on demand: most nodes never ask, and a controller for each value is not free.
      get signal() {
        return stepSignal();
      },
    };
  }

  #stepSignal(): AbortSignal {
    if (this.#stepAbort === undefined) {
      this.#stepAbort = new AbortController();
      if (this.options.signal.aborted) this.#stepAbort.abort(this.options.signal.reason);
      else if (this.#stepEpoch < this.#epoch) this.#stepAbort.abort(flushed());
    }
    return this.#stepAbort.signal;
  }

  /** Hands on whatever `process` answered with: nothing, a value, a promise, an iterable or an async iterable. */
  async #drain(answer: unknown): Promise<void> {
    if (answer === undefined || answer === null) return;
    if (typeof answer !== "object") return this.#write(answer);
    if (Symbol.asyncIterator in answer) {
      return await this.#iterate((answer as AsyncIterable<unknown>)[Symbol.asyncIterator]());
    }
    if (Symbol.iterator in answer) return await this.#iterate((answer as Iterable<unknown>)[Symbol.iterator]());
    if ("then" in answer) return await this.#drain(await answer);
    return await this.#write(answer);
  }

  async #iterate(iterator: AsyncIterator<unknown> | Iterator<unknown>): Promise<void> {
    this.#answer = iterator;
    let isDone = false;
    try {
      for (;;) {
        const result = await iterator.next();
        if (typeof result !== "object" || result === null) {
          throw new TypeError(`the iterator's next() gave ${displayValue(result)}, not an object`);
        }
        if (result.done === true) {
          isDone = true;
          return;
        }
        if (this.#stepEpoch < this.#epoch) return;
        const written = this.#write(result.value);
        if (written !== undefined) await written;
      }
    } finally {
      this.#answer = undefined;
      // The write failed, or a flush came: the generator stands at its yield and can clean up.
      if (!isDone) await iterator.return?.();
    }
  }

  /** Sends what the node gave to its port or ports. */
  #write(output: unknown): void | Promise<void> {
    if (output === undefined || output === null) return;
    if (this.#singleOut !== undefined) return this.#writeTo(this.#singleOut, output);
    return this.#writeByPort(output);
  }

  async #writeByPort(output: unknown): Promise<void> {
    // A port may be named "type", but what it holds is then no string.
    if (typeof output !== "object" || typeof (output as { type?: unknown }).type === "string") {
      const ports = Object.keys(this.options.description.outputs).join(", ");
      throw badOutput("output", output, `an object with some of the ports ${ports}, since there are several`);
    }
    for (const [port, data] of Object.entries(output as object)) {
      if (data !== undefined) await this.#writeTo(port, data);
    }
  }

  #writeTo(port: string, value: unknown): void | Promise<void> {
    const outlet = this.options.outlets.get(port);
    const kinds = this.options.description.outputs[port];
    if (outlet === undefined || kinds === undefined) {
      const ports = Object.keys(this.options.description.outputs).join(", ");
      throw badOutput("output port", port, `one of ${ports}`);
    }
    const data: RuntimeData = checkRuntimeData(value, `output "${port}"`);
    if (!kinds.includes(data.type) && !kinds.includes("any")) {
      throw badOutput(`output "${port}"`, data.type, kinds.join(" or "));
    }
    if (this.#stepEpoch < this.#epoch) return;
    this.counts.itemsOut += 1;
    const bytes = byteLength(data);
    this.counts.bytesOut += bytes;
    const written = outlet.write(data, this.#stepEpoch, bytes);
    if (written === undefined) return;
    const waitsSinceMs = performance.now();
    return written.then(() => {
      this.#waitedMs += performance.now() - waitsSinceMs;
    });
  }

  #failure(thrown: unknown): StreamrackError {
    const { nodeId, pluginName, description } = this.options;
    // What a node throws is its failure, also where it is a StreamrackError of its own, whose code and problems then
    // stay visible. Errors of the engine, such as a cancelled session, pass as they are.
    if (StreamrackError.is(thrown)) {
      return thrown.reason === "session-cancelled" ? thrown : placed(thrown, { nodeId, pluginName });
    }
    const detail = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : `it threw ${displayValue(thrown)}`;
    return new StreamrackError("node-failed", `"${description.type}" failed: ${detail}`, {
      nodeId,
      pluginName,
      cause: thrown,
    });
  }
}

function flushed(): StreamrackError {
  return new StreamrackError("session-flushed", "the value was flushed");
}

function epochOf({ items }: Delivery): number {
  return items.reduce((latest, item) => Math.max(latest, item.epoch), 0);
}

function badOutput(path: string, received: unknown, expected: string): StreamrackError {
  return new StreamrackError("node-failed", "the node gave an output that does not fit its declaration", {
    problems: [{ path, message: "is not right", received: displayValue(received), expected }],
  });
}
