/**
 * The way of a chunk into the session of its stream.
 *
 * @module
 */

import { type RuntimeData, StreamrackError } from "../../core/plugin.ts";
import type { Session } from "../../mod.ts";
import type { WireChunk } from "../wire/messages.ts";
import type { Place } from "./admission.ts";
import type { ChunkLedger } from "./chunk_ledger.ts";
import type { ServiceContext } from "./context.ts";
import { inputError } from "./execute.ts";
import { type ChunkPorts, findPort } from "./ports.ts";
import { protocolError } from "./protocol_error.ts";
import { type RequestLimits, Usage } from "./request_limits.ts";
import { StreamClock } from "./stream_clock.ts";
import type { StreamCounts } from "./stream_counts.ts";

/** What a {@linkcode ChunkTaker} works with. */
export interface ChunkTakerOptions {
  readonly context: ServiceContext;
  /** Address and port of the client, for the log. */
  readonly peer: string | undefined;
  readonly session: Session;
  readonly limits: RequestLimits;
  /** Kinds that nodes say they take, by node id. */
  readonly inputKinds: ReadonlyMap<string, readonly string[]>;
  readonly place: Place;
  readonly ledger: ChunkLedger;
  readonly counts: StreamCounts;
  /** Aborts when the call cannot go on. */
  readonly signal: AbortSignal;
  /** Waits for the pipeline, and watches that it does not stand still. */
  readonly watched: (work: Promise<void>) => Promise<void>;
}

/** Takes the chunks of one stream, in order. */
export class ChunkTaker {
  readonly #options: ChunkTakerOptions;
  readonly #clock = new StreamClock();
  /** Where single values go, by node id, as far as that was asked. */
  readonly #ports = new Map<string, ChunkPorts>();
  #nextSequence = 0n;

  constructor(options: ChunkTakerOptions) {
    this.#options = options;
  }

  /**
   * A gap is let pass, with a word in the log.
   *
   * @throws {StreamrackError} `invalid-data` for a sequence that came before.
   */
  checkSequence(sequence: bigint): void {
    if (sequence < this.#nextSequence) {
      throw protocolError("the sequence goes back", String(sequence), `${this.#nextSequence} or more`);
    }
    if (sequence > this.#nextSequence) {
      const { context, peer } = this.#options;
      const gap = Number(sequence - this.#nextSequence);
      context.settings.onLog({ level: "warn", event: "sequence-gap", peer, gap });
    }
    this.#nextSequence = sequence + 1n;
  }

  /** Sends the values of a chunk into the session; waits for room, in the service and in the session. */
  async take(chunk: Omit<WireChunk, "type">): Promise<void> {
    const { context, session, limits, inputKinds, place, ledger, counts, signal, watched } = this.#options;
    const { nodeId, sequence, values } = chunk;
    if (values.length === 0) throw protocolError("the chunk holds no value", "none", "buffer, or named_buffers");
    const usage = new Usage(limits);
    const { ports, ignored } = this.#portsOf(nodeId, values);
    const receivedMs = performance.now();
    for (const [i, { read }] of values.entries()) {
      if (ignored.has(i)) continue;
      let data: RuntimeData;
      try {
        data = this.#clock.place(nodeId, read(), chunk.timestampMs);
        usage.add(data, { countsSamples: true });
        checkKind(data, inputKinds.get(nodeId));
      } catch (thrown) {
        throw inputError(nodeId, thrown);
      }
      const counted = counts.addInput(data);
      ledger.add({ sequence, timestampUs: data.timestampUs, receivedMs, ...counted });
      if (data.type === "audio") context.metrics.audioSamples.inc(data.samples.length);
      const room = place.waitForBytes(counted.bytes, signal);
      if (room !== undefined) await room;
      try {
        await watched(session.send(data, { to: nodeId === "" ? undefined : nodeId, port: ports[i] }));
      } finally {
        place.addBytes(-counted.bytes);
      }
    }
    context.metrics.chunksReceived.inc();
  }

  /** Where the values of a chunk go. Most chunks have one, and each is like the last. */
  #portsOf(nodeId: string, values: WireChunk["values"]): ChunkPorts {
    if (values.length !== 1 || values[0]?.port !== undefined) {
      return findPort(this.#options.session, nodeId, values.map(({ port }) => port));
    }
    let known = this.#ports.get(nodeId);
    // Those that are not there throw, so there are no more of them than inputs.
    if (known === undefined) this.#ports.set(nodeId, known = findPort(this.#options.session, nodeId, [undefined]));
    return known;
  }
}

/** @throws {StreamrackError} `wrong-kind` for a kind that the manifest's own declaration of the node leaves out. */
function checkKind({ type }: RuntimeData, declared: readonly string[] | undefined): void {
  if (declared === undefined || declared.includes(type)) return;
  const problem = { path: "input_types", message: "does not name the kind that came", received: type };
  throw new StreamrackError("wrong-kind", "this data is not of a kind that the manifest declares", {
    problems: [{ ...problem, expected: declared.join(" or ") }],
  });
}
