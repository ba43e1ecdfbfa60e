/**
 * What a service counts, in the names that RemoteMedia services have.
 *
 * @module
 */

import { Counter, Gauge, Histogram, Registry } from "prom-client";

/** In seconds: from well below what a chunk takes to what an impatient caller accepts. */
const DURATION_BUCKETS_S = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** A number that is read when metrics are asked for: what is counted for each message costs next to nothing. */
export class Tally {
  value = 0;

  inc(by = 1): void {
    this.value += by;
  }

  dec(): void {
    this.value -= 1;
  }
}

/** The counters of one service. No label takes a value that a client chooses. */
export class ServiceMetrics {
  readonly #registry = new Registry();
  readonly calls: Counter<"method" | "status">;
  readonly callSeconds: Histogram<"method">;
  readonly executions: Tally = new Tally();
  readonly streams: Tally = new Tally();
  readonly chunksReceived: Tally = new Tally();
  readonly chunksAnswered: Tally = new Tally();
  readonly chunkSeconds: Histogram;
  readonly errors: Counter<"error_type">;
  readonly refused: Counter<"because">;
  readonly audioSamples: Tally = new Tally();
  readonly bytesIn: Tally = new Tally();
  readonly bytesOut: Tally = new Tally();

  constructor(connectionCount: () => number) {
    const registers = [this.#registry];
    const buckets = DURATION_BUCKETS_S;
    this.calls = new Counter({
      name: "remotemedia_grpc_requests_total",
      help: "Calls that ended, by method and gRPC status.",
      labelNames: ["method", "status"],
      registers,
    });
    this.callSeconds = new Histogram({
      name: "remotemedia_grpc_request_duration_seconds",
      help: "How long calls took.",
      labelNames: ["method"],
      buckets,
      registers,
    });
    new Gauge({
      name: "remotemedia_grpc_active_connections",
      help: "Connections that are open.",
      registers,
      collect() {
        this.set(connectionCount());
      },
    });
    const { executions, streams, chunksReceived, chunksAnswered, audioSamples, bytesIn, bytesOut } = this;
    new Gauge({
      name: "remotemedia_grpc_active_executions",
      help: "One-shot runs that are under way.",
      registers,
      collect() {
        this.set(executions.value);
      },
    });
    new Gauge({
      name: "remotemedia_grpc_active_streams",
      help: "Streams that are open.",
      registers,
      collect() {
        this.set(streams.value);
      },
    });
    new Counter({
      name: "remotemedia_stream_chunks_total",
      help: "Chunks that streams took, and results that they gave.",
      labelNames: ["status"],
      registers,
      collect() {
        this.reset();
        this.inc({ status: "received" }, chunksReceived.value);
        this.inc({ status: "answered" }, chunksAnswered.value);
      },
    });
    this.chunkSeconds = new Histogram({
      name: "remotemedia_stream_chunk_latency_seconds",
      help: "From the arrival of a chunk to its result.",
      buckets,
      registers,
    });
    this.errors = new Counter({
      name: "remotemedia_execution_errors_total",
      help: "Errors that were told to clients, by ErrorType.",
      labelNames: ["error_type"],
      registers,
    });
    this.refused = new Counter({
      name: "streamrack_service_refused_total",
      help: "Connections and calls that were refused, by why.",
      labelNames: ["because"],
      registers,
    });
    new Counter({
      name: "remotemedia_audio_samples_received_total",
      help: "Samples of audio that came in.",
      registers,
      collect() {
        this.reset();
        this.inc(audioSamples.value);
      },
    });
    new Counter({
      name: "streamrack_service_message_bytes_total",
      help: "Bytes of messages.",
      labelNames: ["direction"],
      registers,
      collect() {
        this.reset();
        this.inc({ direction: "in" }, bytesIn.value);
        this.inc({ direction: "out" }, bytesOut.value);
      },
    });
  }

  /** All counters in the text form of Prometheus. */
  render(): Promise<string> {
    return this.#registry.metrics();
  }

  /** The media type of {@linkcode ServiceMetrics.render}. */
  get contentType(): string {
    return this.#registry.contentType;
  }
}
