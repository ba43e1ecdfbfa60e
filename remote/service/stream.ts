/**
 * StreamPipeline: one call is one session.
 *
 * Two loops run for it: one takes messages and sends their values into the
 * session, the other gives out what the session gives. Each waits where there
 * is no room: the first for the pipeline, so that HTTP/2 flow control holds
 * the client back; the second for the client, so that credits hold the
 * pipeline back. Nothing lies in between.
 *
 * @module
 */

import { availableParallelism } from "node:os";
import process from "node:process";
import type { ServerDuplexStream } from "@grpc/grpc-js";
import { StreamrackError } from "../../core/plugin.ts";
import type { Manifest, Session, SessionOutput } from "../../mod.ts";
import { codec003 } from "../wire/codec_003.ts";
import { codec004 } from "../wire/codec_004.ts";
import { ErrorType, toWireError } from "../wire/error_type.ts";
import { type Generation, generationOfInit, generationOfStreamRequest } from "../wire/generation.ts";
import { readManifest } from "../wire/manifest.ts";
import type { Codec, StreamAnswer, StreamMessage } from "../wire/messages.ts";
import type { Place } from "./admission.ts";
import { CallStatus, noPlaceStatus } from "./call_status.ts";
import { CallWriter, limitReadAhead, writeTogether } from "../transport/call_writer.ts";
import { ChunkLedger } from "./chunk_ledger.ts";
import { ChunkTaker } from "./chunk_taker.ts";
import { type Caller, readCaller, type ServiceContext } from "./context.ts";
import { inputError } from "./execute.ts";
import { hearOut } from "./hear_out.ts";
import { outputKeys } from "./ports.ts";
import { protocolError } from "./protocol_error.ts";
import { exceeded, limitRequest, type RequestLimits } from "./request_limits.ts";
import { StreamCounts } from "./stream_counts.ts";
import { IdleWatch, within } from "./watchdogs.ts";
import { toWireMetrics } from "./wire_metrics.ts";

type Call = ServerDuplexStream<Uint8Array, Uint8Array>;
type Init = Extract<StreamMessage, { type: "init" }>;

/** Results between two messages of metrics. */
const RESULTS_PER_METRICS = 10n;
/** What is recommended where the client does not say what it expects, in samples. */
const USUAL_CHUNK_SIZE = 4096n;

const CLOSE_REASONS = {
  unspecified: "Unspecified",
  close: "Client requested close",
  cancel: "Client requested cancel",
};
const COMMANDS = ["unspecified", "close", "cancel"] as const;

/** Bun 1.4 resets a stream that this side has ended while the client still sends, and clients on Bun report that. */
const CUTS_OFF_SENDERS = process.versions["bun"] !== undefined;
/** How the client ended its side. */
type InputEnd = typeof COMMANDS[number] | "half-closed";

/** Answers one call, to its end. Never rejects. */
export async function streamPipeline(context: ServiceContext, call: Call): Promise<void> {
  limitReadAhead(call);
  writeTogether(call);
  const stream = new Stream(context, call);
  context.metrics.streams.inc();
  try {
    await stream.run();
  } finally {
    context.metrics.streams.dec();
  }
}

class Stream {
  readonly #context: ServiceContext;
  readonly #call: Call;
  readonly #caller: Caller;
  readonly #writer: CallWriter;
  readonly #messages: AsyncIterator<Uint8Array>;
  /** Aborts when the call cannot go on; the reason is what the client is told, if it is still there. */
  readonly #stop = new AbortController();
  readonly #sessionId = crypto.randomUUID();
  readonly #startedMs = performance.now();
  readonly #ledger = new ChunkLedger();
  readonly #counts = new StreamCounts();
  #generation: Generation | undefined;
  #manifest: Manifest | undefined;
  #idle: IdleWatch | undefined;
  #place: Place | undefined;
  #progress = 0;

  constructor(context: ServiceContext, call: Call) {
    this.#context = context;
    this.#call = call;
    this.#caller = readCaller(call.metadata, context.gate);
    if (this.#caller.isOurs) this.#generation = "004";
    this.#writer = new CallWriter(call);
    this.#messages = call.iterator({ destroyOnReturn: false }) as AsyncIterator<Uint8Array>;
    const onGone = () => this.#stop.abort(new StreamrackError("session-cancelled", "the client has gone"));
    // Of these at least one comes, whatever becomes of the call; the error is one that was sent by this side.
    call.once("cancelled", onGone);
    call.once("close", onGone);
    call.on("error", () => {});
  }

  async run(): Promise<void> {
    let session: Session | undefined;
    try {
      const init = await this.#readInit();
      if (init === undefined) return this.#writer.end();
      session = await this.#open(init);
      const reason = await this.#exchange(session, init);
      if (reason !== undefined) await this.#sayClosed(session, reason);
      if (CUTS_OFF_SENDERS) await hearOut(this.#messages);
      this.#writer.end();
    } catch (thrown) {
      await session?.cancel(thrown);
      await this.#fail(this.#stop.signal.aborted ? this.#stop.signal.reason : thrown);
    } finally {
      this.#idle?.stop();
      this.#place?.leave();
      void this.#messages.return?.().catch(() => {});
      if (session !== undefined) this.#logEnd();
    }
  }

  #logEnd(): void {
    this.#context.settings.onLog({
      level: "info",
      event: "stream-ended",
      sessionId: this.#sessionId,
      peer: this.#caller.gate?.peer,
      results: Number(this.#counts.results),
      elapsedMs: performance.now() - this.#startedMs,
    });
  }

  /** The first message, or nothing if the client ends before it sends one. */
  async #readInit(): Promise<Init | undefined> {
    for (let bytes = await this.#next(); bytes !== undefined; bytes = await this.#next()) {
      this.#generation ??= generationOfInit(bytes);
      const message = this.#read(bytes);
      if (message.type === "empty") continue;
      if (message.type !== "init") throw protocolError("the first message is not init", message.type, "init");
      return message;
    }
    return undefined;
  }

  async #open(init: Init): Promise<Session> {
    if (init.clientVersion === "") throw protocolError("init has no client_version", "none", 'a version, such as "v1"');
    if (init.manifest === undefined) throw protocolError("init has no manifest", "none", "a manifest");
    const place = this.#context.admission.enter(0);
    if (typeof place === "string") {
      this.#context.metrics.refused.inc({ because: place });
      throw noPlaceStatus(place);
    }
    this.#place = place;
    this.#manifest = readManifest(init.manifest);
    const waitAwake = !sharesProcessors(this.#caller.gate?.peer ?? "");
    const session = await this.#context.runtime.open(this.#manifest, { signal: this.#stop.signal, waitAwake });
    // Only from here on: until the first message and while nodes are created, other limits hold.
    this.#idle = new IdleWatch(this.#context.settings.limits.sessionIdleTimeoutMs, () => this.#endIdle());
    const recommendedChunkSize = init.expectedChunkSize > 0n ? init.expectedChunkSize : USUAL_CHUNK_SIZE;
    const [sessionId, peer] = [this.#sessionId, this.#caller.gate?.peer];
    this.#context.settings.onLog({ level: "info", event: "stream-opened", sessionId, peer });
    await this.#write({ type: "ready", sessionId, recommendedChunkSize });
    return session;
  }

  /** Both loops, until both have ended. Gives the reason to close with, or nothing if the client did not ask to close. */
  async #exchange(session: Session, init: Init): Promise<string | undefined> {
    const limits = limitRequest(init.limits, this.#context.settings.limits, { timeoutMs: Infinity });
    const giving = this.#giveResults(session);
    const taking = this.#takeMessages(session, init, limits);
    // Whichever fails first ends the other; that one's own error then says only that it was ended.
    giving.catch(() => {});
    taking.catch(() => {});
    const end = await Promise.race([taking, giving.then(() => "done" as const)]);
    if (end === "done") return "The pipeline has ended";
    if (end === "cancel") {
      await session.cancel("the client asked for it");
      await giving.catch(() => {});
      return CLOSE_REASONS.cancel;
    }
    await session.finish();
    await this.#orStall(giving, limits);
    return end === "half-closed" ? undefined : CLOSE_REASONS[end];
  }

  async #takeMessages(session: Session, init: Init, limits: RequestLimits): Promise<InputEnd> {
    const chunks = new ChunkTaker({
      context: this.#context,
      peer: this.#caller.gate?.peer,
      session,
      limits,
      inputKinds: init.inputKinds,
      place: this.#place as Place,
      ledger: this.#ledger,
      counts: this.#counts,
      signal: this.#stop.signal,
      watched: (work) => this.#orStall(work, limits),
    });
    for (const { nodeId, read } of init.inputs) {
      await chunks.take({ nodeId, sequence: 0n, timestampMs: 0n, values: [{ port: undefined, read }] });
    }
    for (let bytes = await this.#next(); bytes !== undefined; bytes = await this.#next()) {
      this.#generation ??= generationOfStreamRequest(bytes);
      const message = this.#read(bytes);
      switch (message.type) {
        case "init":
          throw protocolError("init came twice", "init", "a chunk or a control message");
        case "control": {
          const command = COMMANDS[message.command];
          if (command === undefined) {
            throw protocolError("the control command is not known", String(message.command), "1 (close) or 2 (cancel)");
          }
          return command;
        }
        case "chunk":
          chunks.checkSequence(message.sequence);
          await chunks.take(message);
          break;
        case "empty":
          this.#context.settings.onLog({ level: "warn", event: "empty-message", peer: this.#caller.gate?.peer });
      }
    }
    return "half-closed";
  }

  async #giveResults(session: Session): Promise<void> {
    const keys = outputKeys(session);
    for await (const output of session) {
      this.#progress += 1;
      const given = this.#giveResult(output, keys);
      if (given !== undefined) await given;
    }
  }

  /** Gives a promise where the client has to be waited for. */
  #giveResult(
    { nodeId, port, data, sequence: position }: SessionOutput,
    keys: ReturnType<typeof outputKeys>,
  ): void | Promise<void> {
    const codec = this.#codec;
    if (!codec.canWrite(data)) {
      throw inputError(
        nodeId,
        new StreamrackError("invalid-data", `clients of this generation cannot take ${data.type} data`),
      );
    }
    const chunk = this.#ledger.find(position, data.type === "audio" ? data.timestampUs : undefined);
    const processingTimeMs = performance.now() - (chunk?.receivedMs ?? this.#startedMs);
    this.#counts.addResult(chunk, processingTimeMs);
    const result = {
      sequence: chunk?.sequence ?? 0n,
      outputs: [[keys(nodeId, port), data] as const],
      processingTimeMs,
      samplesProcessed: chunk?.samplesSoFar ?? 0n,
      itemsProcessed: chunk?.itemsSoFar ?? 0n,
    };
    this.#context.metrics.chunksAnswered.inc();
    this.#context.metrics.chunkSeconds.observe(processingTimeMs / 1000);
    const written = this.#write({ type: "result", result });
    if (this.#counts.results % RESULTS_PER_METRICS !== 0n) return written;
    const writeMetrics = () => this.#write({ type: "metrics", metrics: this.#counts.toMetrics(this.#sessionId) });
    return written === undefined ? writeMetrics() : written.then(writeMetrics);
  }

  async #sayClosed(session: Session, reason: string): Promise<void> {
    const facts = {
      wallTimeMs: performance.now() - this.#startedMs,
      peakBytes: this.#counts.peakBytes,
      serializationTimeMs: 0,
      kinds: this.#counts.kinds,
    };
    const metrics = toWireMetrics(await session.metrics(), facts);
    await this.#write({ type: "closed", sessionId: this.#sessionId, metrics, reason });
  }

  /** Tells the client what went wrong, if it is there to hear it, and ends the call. */
  async #fail(thrown: unknown): Promise<void> {
    if (this.#writer.isClosed) return;
    if (thrown instanceof CallStatus) return void this.#call.emit("error", thrown.toStatus());
    const error = toWireError(thrown, { generation: this.#codec.generation, manifest: this.#manifest });
    this.#context.metrics.errors.inc({ error_type: error.errorType });
    this.#context.settings.onLog({
      level: error.errorType === ErrorType.internal ? "error" : "warn",
      event: "stream-failed",
      sessionId: this.#sessionId,
      peer: this.#caller.gate?.peer,
      errorType: error.errorType,
      nodeId: error.failingNodeId,
      message: error.message,
    });
    try {
      // The protocol says errors in the stream, and ends it well.
      await this.#write({ type: "error", error });
      await hearOut(this.#messages);
      this.#writer.end();
    } catch {
      // It went away meanwhile.
    }
  }

  #endIdle(): void {
    const { sessionIdleTimeoutMs } = this.#context.settings.limits;
    const what = this.#writer.isBlocked ? "the client read nothing" : "nothing came and nothing was given";
    this.#stop.abort(
      new StreamrackError("limit-exceeded", `${what} for ${sessionIdleTimeoutMs} ms`, { retryable: false }),
    );
    this.#context.metrics.refused.inc({ because: "idle" });
    // The loop that writes waits for a client that may never read, and the status would wait behind it.
    if (this.#writer.isBlocked) this.#caller.gate?.reset();
  }

  #orStall<T>(work: Promise<T>, limits: RequestLimits): Promise<T> {
    if (limits.timeoutMs === Infinity) return work;
    return within(work, {
      timeoutMs: limits.timeoutMs,
      progress: () => this.#progress,
      isHeldUp: () => this.#writer.isBlocked,
      onStall: () => {
        const received = `nothing moved for ${limits.timeoutMs} ms`;
        this.#stop.abort(exceeded("max_timeout_ms", received, `something every ${limits.timeoutMs} ms`));
      },
    });
  }

  get #codec(): Codec {
    return (this.#generation ?? this.#caller.usualGeneration) === "003" ? codec003 : codec004;
  }

  #read(bytes: Uint8Array): StreamMessage {
    try {
      return this.#codec.readStream(bytes, this.#caller);
    } catch (cause) {
      throw protocolError("this is no StreamRequest", `${bytes.length} bytes`, "a message of remotemedia.v1", cause);
    }
  }

  /** The next message, or nothing at the end of the client's side. */
  async #next(): Promise<Uint8Array | undefined> {
    const { value, done } = await this.#messages.next();
    this.#idle?.touch();
    if (this.#stop.signal.aborted) throw this.#stop.signal.reason;
    return done === true ? undefined : value;
  }

  #write(answer: StreamAnswer): void | Promise<void> {
    const written = this.#writer.write(this.#codec.writeAnswer(answer, this.#caller));
    if (written !== undefined) return written.then(() => this.#idle?.touch());
    this.#idle?.touch();
  }
}

/** Asked once: on Linux each answer is read from files of the system. */
const HAS_FEW_PROCESSORS = availableParallelism() < 4;

/**
 * Whether a client is on this machine, and there are not enough processors for
 * the client, this thread and the worker's: whoever stays awake while it waits
 * is then in the way of the others.
 */
function sharesProcessors(peer: string): boolean {
  return HAS_FEW_PROCESSORS && /^(127\.|::1:|::ffff:127\.)/.test(peer);
}
