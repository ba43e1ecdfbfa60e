/**
 * One stream of a client.
 *
 * @module
 */

import type { ServiceError } from "@grpc/grpc-js";
import { StreamrackError } from "../../core/plugin.ts";
import type { Manifest } from "../../mod.ts";
import { CallWriter } from "../transport/call_writer.ts";
import { aborted, type ByteCall, type Channel } from "./channel.ts";
import {
  readChunkResult,
  readMetrics,
  readStreamMetrics,
  readStreamResponse,
  readUsualResult,
  writeChunk,
  writeControl,
  writeInit,
} from "./messages.ts";
import { readErrorResponse, readStatus } from "./read_error.ts";
import type { ChunkInput, ChunkResult, ExecutionMetrics, StreamOptions } from "./types.ts";

/** Chunks from anywhere. */
export type ChunkSource = Iterable<ChunkInput> | AsyncIterable<ChunkInput>;

type ChunkIterator = Iterator<ChunkInput> | AsyncIterator<ChunkInput>;

/** Sends chunks and gives results, at the pace of the slower side. */
export async function* runStream(
  channel: Channel,
  { manifest, chunks }: { readonly manifest: Manifest; readonly chunks: ChunkSource },
  options: StreamOptions,
): AsyncGenerator<ChunkResult, ExecutionMetrics | undefined, undefined> {
  const { signal } = options;
  if (isAborted(signal)) throw aborted(signal);
  const init = writeInit(manifest, options);
  const call = channel.stream(options);
  // Told to the loop below as well, by its iterator.
  call.on("error", () => {});
  const sender = new ChunkSender(call, chunks);
  const onAbort = () => call.cancel();
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    await sender.write(init);
    for await (const bytes of call.iterator({ destroyOnReturn: false })) {
      const usual = readUsualResult(bytes as Uint8Array);
      if (usual !== undefined) {
        yield usual;
        continue;
      }
      const { case: type, value } = readStreamResponse(bytes as Uint8Array);
      switch (type) {
        case "ready": {
          const { sessionId, recommendedChunkSize, maxBufferLatencyMs } = value;
          options.onReady?.({
            sessionId,
            recommendedChunkSize: Number(recommendedChunkSize),
            maxBufferLatencyMs: Number(maxBufferLatencyMs),
          });
          // Not before: until here a call that fails may be tried again, and nothing of the source is used up.
          sender.start();
          break;
        }
        case "result": {
          const result = readChunkResult(value);
          if (result !== undefined) yield result;
          break;
        }
        case "metrics":
          options.onMetrics?.(readStreamMetrics(value));
          break;
        case "error":
          throw readErrorResponse(value);
        case "closed":
          return readMetrics(value.finalMetrics);
      }
    }
    return undefined;
  } catch (thrown) {
    if (sender.failure !== undefined) throw sender.failure.thrown;
    if (isAborted(signal)) throw aborted(signal);
    throw isStatus(thrown) ? readStatus(thrown) : thrown;
  } finally {
    signal?.removeEventListener("abort", onAbort);
    sender.stop();
    // Of a call that has ended, this does nothing.
    call.cancel();
  }
}

/** Reads the source and writes its chunks, each when there is room for it. */
class ChunkSender {
  readonly #call: ByteCall;
  readonly #writer: CallWriter;
  readonly #source: ChunkSource;
  #iterator: ChunkIterator | undefined;
  #failure: { readonly thrown: unknown } | undefined;
  #isStopped = false;

  constructor(call: ByteCall, source: ChunkSource) {
    this.#call = call;
    this.#writer = new CallWriter(call);
    this.#source = source;
  }

  /** What the source threw. */
  get failure(): { readonly thrown: unknown } | undefined {
    return this.#failure;
  }

  /** Writes one message; a call that has ended says why where it is read. */
  write(message: Uint8Array): void | Promise<void> {
    if (!this.#writer.isClosed) return this.#writer.write(message)?.catch(() => {});
  }

  start(): void {
    if (this.#iterator !== undefined) return;
    const { [Symbol.asyncIterator]: iterate } = this.#source as AsyncIterable<ChunkInput>;
    this.#iterator = iterate === undefined
      ? (this.#source as Iterable<ChunkInput>)[Symbol.iterator]()
      : iterate.call(this.#source);
    void this.#run(this.#iterator).catch((thrown: unknown) => {
      if (this.#isStopped) return;
      this.#failure = { thrown };
      this.#call.cancel();
    });
  }

  /** The source is not asked for more, and may clean up. Not waited for: it may be in the middle of something. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    void (async () => await this.#iterator?.return?.())().catch(() => {});
  }

  async #run(iterator: ChunkIterator): Promise<void> {
    for (let sequence = 0; !this.#isStopped; sequence++) {
      const { value, done } = await iterator.next();
      if (this.#isStopped) return;
      if (done === true) break;
      const written = this.write(writeChunk(value, sequence));
      if (written !== undefined) await written;
    }
    if (this.#isStopped) return;
    await this.write(writeControl("close"));
    this.#writer.end();
  }
}

/** Asked anew each time: it changes while the stream runs. */
function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

function isStatus(thrown: unknown): thrown is ServiceError {
  return !StreamrackError.is(thrown) && typeof thrown === "object" && thrown !== null && "code" in thrown &&
    typeof thrown.code === "number" && "details" in thrown;
}
