/** A service to call, and clients that speak each generation of the wire form by itself. */

import { create, type DescMessage, fromBinary, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { Client, type ClientDuplexStream, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import { Buffer } from "node:buffer";
import process from "node:process";
import { createRuntime, type Runtime, type RuntimeOptions } from "../../mod.ts";
import { createService, type Service, type ServiceLogEntry, type ServiceOptions } from "../../remote/mod.ts";
import * as execution003 from "../../remote/gen/v003/remotemedia/v1/execution_pb.ts";
import * as streaming003 from "../../remote/gen/v003/remotemedia/v1/streaming_pb.ts";
import * as execution004 from "../../remote/gen/v004/remotemedia/v1/execution_pb.ts";
import * as streaming004 from "../../remote/gen/v004/remotemedia/v1/streaming_pb.ts";
import { CallWriter } from "../../remote/transport/call_writer.ts";
import { GoawayFilter } from "../../remote/transport/goaway_filter.ts";
import { LogBook } from "../_support/log_book.ts";

export const V003 = { ...execution003, ...streaming003 };
export const V004 = { ...execution004, ...streaming004 };

export const METHODS = {
  execute: "/remotemedia.v1.PipelineExecutionService/ExecutePipeline",
  version: "/remotemedia.v1.PipelineExecutionService/GetVersion",
  stream: "/remotemedia.v1.StreamingPipelineService/StreamPipeline",
} as const;

/** A service that runs. */
export interface ServiceUnderTest {
  readonly runtime: Runtime;
  readonly service: Service;
  readonly address: string;
  /** What it logs. */
  readonly log: LogBook<ServiceLogEntry>;
}

/** Runs a test with a service on a port of its own, and closes all whatever happens. */
export async function withService<T>(
  use: (under: ServiceUnderTest) => Promise<T>,
  options: ServiceOptions = {},
  runtimeOptions: RuntimeOptions = {},
): Promise<T> {
  const runtime = await createRuntime({ killGraceMs: 1_500, ...runtimeOptions });
  try {
    const log = new LogBook<ServiceLogEntry>();
    const service = await createService(runtime, { listen: "127.0.0.1:0", onLog: log.onLog, ...options });
    try {
      return await use({ runtime, service, address: `127.0.0.1:${service.address.port}`, log });
    } finally {
      await service.close();
    }
  } finally {
    await runtime.close();
  }
}

/** A client that sends and receives bytes, with no knowledge of what they mean. */
export class RawClient {
  readonly client: Client;
  readonly metadata: Metadata = new Metadata();

  constructor(address: string, { headers = {} }: { headers?: Record<string, string> } = {}) {
    const insecure = credentials.createInsecure();
    if (process.versions["deno"] !== undefined) filter(insecure);
    this.client = new Client(address, insecure, {
      "grpc.max_send_message_length": -1,
      "grpc.max_receive_message_length": -1,
      "grpc.use_local_subchannel_pool": 1,
      "grpc.enable_retries": 0,
    });
    for (const [name, value] of Object.entries(headers)) this.metadata.set(name, value);
  }

  unary(path: string, request: Uint8Array, { signal }: { readonly signal?: AbortSignal } = {}): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const options = { deadline: Date.now() + 60_000 };
      const call = this.client.makeUnaryRequest(
        path,
        toBuffer,
        same,
        request,
        this.metadata,
        options,
        (error, answer) => {
          if (error === null) resolve(answer as Uint8Array);
          else reject(error);
        },
      );
      signal?.addEventListener("abort", () => call.cancel(), { once: true });
    });
  }

  stream(path: string = METHODS.stream): RawStream {
    return new RawStream(this.client.makeBidiStreamRequest(path, toBuffer, same, this.metadata, {}));
  }

  /** The same call with requests and answers as messages. */
  async call<I extends DescMessage, O extends DescMessage>(
    path: string,
    schemas: readonly [I, O],
    request: object,
  ): Promise<MessageShape<O>> {
    const [input, output] = schemas;
    return fromBinary(output, await this.unary(path, encode(input, request)));
  }

  close(): void {
    this.client.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** A stream of bytes. */
export class RawStream {
  readonly call: ClientDuplexStream<Uint8Array, Uint8Array>;
  /** The status with which it ended. */
  readonly ended: Promise<{ readonly code: number; readonly details: string }>;
  readonly #writer: CallWriter;

  constructor(call: ClientDuplexStream<Uint8Array, Uint8Array>) {
    this.call = call;
    this.#writer = new CallWriter(call);
    this.ended = new Promise((resolve) => call.once("status", resolve));
    call.on("error", () => {});
  }

  /** Resolves when there is room for the next message, or the call has ended. */
  async write(message: Uint8Array): Promise<void> {
    // What ended it, `ended` tells.
    if (!this.#writer.isClosed) await this.#writer.write(message)?.catch(() => {});
  }

  /** Ends this side, and gives all answers that come until the call has ended. */
  async finish(): Promise<Uint8Array[]> {
    this.call.end();
    return await this.readAll();
  }

  async readAll(): Promise<Uint8Array[]> {
    const answers: Uint8Array[] = [];
    try {
      for await (const answer of this.call) answers.push(answer as Uint8Array);
    } catch {
      // `ended` tells.
    }
    await this.ended;
    return answers;
  }
}

/** Sends requests of one generation and gives the answers, each as its name and value. */
export async function converse<I extends DescMessage, O extends DescMessage>(
  client: RawClient,
  [request, response]: readonly [I, O],
  requests: readonly object[],
): Promise<{ answers: MessageShape<O>[]; code: number; details: string }> {
  const stream = client.stream();
  const reading = stream.readAll();
  for (const message of requests) await stream.write(encode(request, message));
  stream.call.end();
  const answers = (await reading).map((bytes) => fromBinary(response, bytes));
  return { answers, ...await stream.ended };
}

/** The bytes of a message. What is in it is not checked by types: that is what the tests are about. */
export function encode(schema: DescMessage, message: object): Uint8Array {
  return toBinary(schema, create(schema, message as never));
}

/** What a call is refused with. */
export async function statusOf(call: Promise<unknown>): Promise<ServiceError> {
  return await call.then(
    () => Promise.reject(new Error("the call went well")),
    (error: ServiceError) => error,
  );
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A Buffer is no equal of a Uint8Array to `assert.deepEqual`. */
function same(bytes: Buffer): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** As in the client of the product: without it, a GOAWAY ends Deno. */
function filter(target: unknown): void {
  type Connector = { connect(socket: never): Promise<{ socket: never; secure: boolean }> };
  const patched = target as { _createSecureConnector(...args: unknown[]): Connector };
  const make = patched._createSecureConnector.bind(patched);
  patched._createSecureConnector = (...args) => {
    const connector = make(...args);
    const connect = connector.connect.bind(connector);
    connector.connect = async (raw) => {
      const { socket, secure } = await connect(raw);
      return { socket: new GoawayFilter(socket, { prefaceBytes: 0 }) as never, secure };
    };
    return connector;
  };
}
