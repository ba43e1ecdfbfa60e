/**
 * The connection of a client, and the calls on it. This is where the gRPC
 * library is loaded.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import process from "node:process";
import {
  type CallOptions as GrpcCallOptions,
  ChannelCredentials,
  Client,
  type ClientDuplexStream,
  Metadata,
  type ServiceError,
} from "@grpc/grpc-js";
import { StreamrackError, VERSION } from "../../core/plugin.ts";
import { PipelineExecutionService } from "../gen/v004/remotemedia/v1/execution_pb.ts";
import { StreamingPipelineService } from "../gen/v004/remotemedia/v1/streaming_pb.ts";
import { limitReadAhead } from "../transport/call_writer.ts";
import { GoawayFilter } from "../transport/goaway_filter.ts";
import { CLIENT_HEADER, OUR_CLIENT } from "../wire/peer.ts";
import { readStatus } from "./read_error.ts";
import type { CallOptions, ClientOptions, ClientTlsOptions } from "./types.ts";

/** A stream of bytes in both directions. */
export type ByteCall = ClientDuplexStream<Uint8Array, Uint8Array>;

/** One connection, and the calls on it. */
interface Connection {
  readonly client: Client;
  readonly calls: Set<{ cancel(): void }>;
  isRetired: boolean;
}

const isDeno = process.versions["deno"] !== undefined;

/** A connection that is made on the first call, and made anew when it is lost. */
export class Channel {
  readonly #address: string;
  readonly #options: ClientOptions;
  /** Those that have calls, and the one that further calls will use. */
  readonly #connections = new Set<Connection>();
  /** Sent with every call. The library copies it. */
  readonly #metadata: Metadata;
  #current: Connection | undefined;
  #isClosed = false;

  constructor(address: string, options: ClientOptions) {
    this.#address = address;
    this.#options = options;
    this.#metadata = createMetadata(options);
  }

  /**
   * One question, one answer.
   *
   * @throws {RemotePipelineError}
   */
  unary(method: "ExecutePipeline" | "GetVersion", request: Uint8Array, options: CallOptions): Promise<Uint8Array> {
    const { signal, timeoutMs = this.#options.timeoutMs ?? 60_000 } = options;
    if (signal?.aborted === true) return Promise.reject(aborted(signal));
    const path = `/${PipelineExecutionService.typeName}/${method}`;
    return new Promise((resolve, reject) => {
      const connection = this.#connect();
      const settle = (error: ServiceError | null, answer?: Uint8Array) => {
        signal?.removeEventListener("abort", onAbort);
        this.#leave(connection, call);
        if (error === null) resolve(answer as Uint8Array);
        else reject(signal?.aborted === true ? aborted(signal) : readStatus(error));
      };
      const onAbort = () => call.cancel();
      const call = connection.client.makeUnaryRequest(
        path,
        toBuffer,
        keepBytes,
        request,
        this.#metadata,
        deadline(timeoutMs),
        settle,
      );
      connection.calls.add(call);
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  /** Opens a stream. It must be read from the beginning: before its first read, the library holds no writer back. */
  stream({ timeoutMs }: CallOptions): ByteCall {
    const path = `/${StreamingPipelineService.typeName}/StreamPipeline`;
    const options = timeoutMs === undefined ? {} : deadline(timeoutMs);
    const connection = this.#connect();
    const call = connection.client.makeBidiStreamRequest(path, toBuffer, keepBytes, this.#metadata, options);
    limitReadAhead(call);
    connection.calls.add(call);
    call.once("close", () => this.#leave(connection, call));
    call.once("status", () => this.#leave(connection, call));
    return call;
  }

  /** Ends all calls and the connection. */
  close(): void {
    this.#isClosed = true;
    for (const { client, calls } of this.#connections) {
      for (const call of calls) call.cancel();
      client.close();
    }
    this.#connections.clear();
    this.#current = undefined;
  }

  #connect(): Connection {
    if (this.#isClosed) {
      throw new StreamrackError("session-closed", "the client was disconnected", { remedy: "Make a new one." });
    }
    return this.#current ??= this.#createConnection();
  }

  #createConnection(): Connection {
    const options = this.#options;
    const { maxMessageBytes = 10 * 1024 ** 2, maxAttempts = 4 } = options;
    const client = new Client(this.#address, createCredentials(options, () => this.#retire(connection)), {
      "grpc.max_receive_message_length": maxMessageBytes,
      "grpc.max_send_message_length": maxMessageBytes,
      "grpc.keepalive_time_ms": options.keepaliveTimeMs ?? 30_000,
      "grpc.keepalive_timeout_ms": options.keepaliveTimeoutMs ?? 10_000,
      "grpc.initial_reconnect_backoff_ms": 100,
      "grpc.min_reconnect_backoff_ms": 100,
      "grpc.max_reconnect_backoff_ms": 5_000,
      "grpc.service_config": JSON.stringify(retryConfig(maxAttempts)),
      "grpc.enable_channelz": 0,
      // Clients in one process do not share connections: the filter of one would be told of all.
      "grpc.use_local_subchannel_pool": 1,
      ...serverName(options.tls),
    });
    const connection: Connection = { client, calls: new Set(), isRetired: false };
    this.#connections.add(connection);
    return connection;
  }

  /** The service lets this connection run out: calls on it go on, further ones get a new one. */
  #retire(connection: Connection): void {
    connection.isRetired = true;
    if (this.#current === connection) this.#current = undefined;
    this.#closeUnused(connection);
  }

  #leave(connection: Connection, call: { cancel(): void }): void {
    connection.calls.delete(call);
    this.#closeUnused(connection);
  }

  /** Not while a call is open: Deno's HTTP/2 would close with the last frame, before the call was told of it. */
  #closeUnused(connection: Connection): void {
    if (!connection.isRetired || connection.calls.size > 0 || !this.#connections.delete(connection)) return;
    connection.client.close();
  }
}

function createMetadata({ token }: ClientOptions): Metadata {
  const metadata = new Metadata();
  metadata.set(CLIENT_HEADER, `${OUR_CLIENT}/${VERSION}`);
  if (token !== undefined) metadata.set("authorization", `Bearer ${token}`);
  return metadata;
}

/** The error of a call that its caller has ended. */
export function aborted(signal: AbortSignal | undefined): StreamrackError {
  return new StreamrackError("session-cancelled", "the call was cancelled", { cause: signal?.reason });
}

function retryConfig(maxAttempts: number): unknown {
  if (maxAttempts <= 1) return {};
  const retryPolicy = {
    maxAttempts: Math.min(5, maxAttempts),
    initialBackoff: "0.1s",
    maxBackoff: "2s",
    backoffMultiplier: 2,
    retryableStatusCodes: ["UNAVAILABLE"],
  };
  return { methodConfig: [{ name: [{}], retryPolicy }] };
}

function createCredentials({ tls = false }: ClientOptions, onGoaway: () => void): ChannelCredentials {
  const credentials = tls === false
    ? ChannelCredentials.createInsecure()
    : ChannelCredentials.createSsl(...pems(tls === true ? {} : tls));
  if (isDeno) filterGoaway(credentials, onGoaway);
  return credentials;
}

function pems({ ca, key, cert }: ClientTlsOptions): [Buffer | null, Buffer | null, Buffer | null] {
  const read = (pem: string | Uint8Array | undefined) => pem === undefined ? null : Buffer.from(pem as Uint8Array);
  return [read(ca), read(key), read(cert)];
}

function serverName(tls: ClientOptions["tls"]): { "grpc.ssl_target_name_override"?: string } {
  return typeof tls === "object" && tls.serverName !== undefined
    ? { "grpc.ssl_target_name_override": tls.serverName }
    : {};
}

interface Connector {
  connect(socket: Socket): Promise<{ socket: Socket; secure: boolean }>;
}

/** Puts the filter between the socket, encrypted or not, and HTTP/2. The library has no public place for it. */
function filterGoaway(credentials: ChannelCredentials, onGoaway: () => void): void {
  const patched = credentials as unknown as { _createSecureConnector(...args: unknown[]): Connector };
  const createConnector = patched._createSecureConnector.bind(patched);
  patched._createSecureConnector = (...args) => {
    const connector = createConnector(...args);
    const connect = connector.connect.bind(connector);
    connector.connect = async (raw) => {
      const { socket, secure } = await connect(raw);
      return { socket: new GoawayFilter(socket, { prefaceBytes: 0, onGoaway }) as unknown as Socket, secure };
    };
    return connector;
  };
}

function deadline(timeoutMs: number): GrpcCallOptions {
  return { deadline: Date.now() + timeoutMs };
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function keepBytes(bytes: Buffer): Uint8Array {
  return bytes;
}
