/** What clients do wrong, by accident or on purpose; each is answered or closed, and others do not notice. */

import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { describe, it } from "node:test";
import { fromBinary } from "@bufbuild/protobuf";
import { RemotePipelineClient } from "../../remote/mod.ts";
import { RuntimeData } from "../../mod.ts";
import { Random } from "../_support/random.ts";
import {
  converse,
  encode,
  METHODS,
  RawClient,
  type RawStream,
  statusOf,
  V003,
  V004,
  withService,
} from "./_service_kit.ts";

const STATUS = { ok: 0, cancelled: 1, invalidArgument: 3, deadline: 4, exhausted: 8, unavailable: 14 } as const;
const STREAM_004 = [V004.StreamRequestSchema, V004.StreamResponseSchema] as const;
const EXECUTE_004 = [V004.ExecuteRequestSchema, V004.ExecuteResponseSchema] as const;
const PASS = { version: "v1", nodes: [{ id: "pass", nodeType: "PassThrough" }] };
const INIT = { request: { case: "init", value: { manifest: PASS, clientVersion: "v1" } } };
const CLOSE = { request: { case: "control", value: { command: 1 } } };

function json(text: string) {
  return { dataType: { case: "json", value: { jsonPayload: text } } };
}

function chunk(sequence: number, buffer: object | undefined = json(`${sequence}`), nodeId = "pass") {
  return { request: { case: "dataChunk", value: { nodeId, buffer, sequence: BigInt(sequence) } } };
}

function audio(samples: number, format = 1) {
  const value = { samples: new Uint8Array(4 * samples), sampleRate: 16_000, channels: 1, format };
  return { dataType: { case: "audio", value } };
}

/** A connection below HTTP/2. */
function dial(address: string): Promise<Socket> {
  const [host, port] = address.split(":");
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: Number(port) }, () => resolve(socket));
    socket.once("error", reject);
  });
}

/** Resolves when the other side has closed the connection. */
async function closed(socket: Socket): Promise<void> {
  socket.on("error", () => {});
  socket.resume();
  if (!socket.destroyed && !socket.closed) await new Promise((resolve) => socket.once("close", resolve));
}

/** An ordinary client is served. */
async function isServed(address: string): Promise<void> {
  const client = new RemotePipelineClient(address);
  try {
    const manifest = { version: "v1", nodes: [{ id: "p", node_type: "PassThrough" }] } as const;
    const { outputs } = await client.executePipeline(manifest, { p: RuntimeData.text("here") });
    assert.equal(RuntimeData.asText(outputs["p"] as RuntimeData), "here");
  } finally {
    await client.disconnect();
  }
}

/** The value of a gauge or counter. */
async function metric(service: { renderMetrics(): Promise<{ text: string }> }, name: string): Promise<number> {
  const { text } = await service.renderMetrics();
  const line = text.split("\n").find((candidate) => candidate.startsWith(`${name} `));
  return Number(line?.split(" ")[1]);
}

/** Waits until a gauge has fallen to a value: the end of a connection, or of a stream, is told by nothing else. */
async function untilMetric(service: Parameters<typeof metric>[0], name: string, value: number): Promise<void> {
  while (await metric(service, name) !== value) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** Begins a stream, and resolves when the service has answered that it is ready. What comes after is not read. */
async function beginStream(client: RawClient): Promise<RawStream> {
  const stream = client.stream();
  const ready = new Promise((resolve) => stream.call.once("data", resolve));
  await stream.write(encode(V004.StreamRequestSchema, INIT));
  await ready;
  stream.call.resume();
  return stream;
}

describe("below HTTP/2", () => {
  it("what does not begin as HTTP/2 does is closed at once", () =>
    withService(async ({ address, log }) => {
      const random = new Random(7);
      const bytes = () => Uint8Array.from({ length: 2000 }, () => random.integer(0, 255));
      const http = new TextEncoder().encode("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
      // A TLS hello on a port without TLS.
      const tls = Uint8Array.of(22, 3, 1, 2, 0, 1, 0, 1, 252);
      for (const first of [bytes(), bytes(), http, tls, new TextEncoder().encode("PRI * HTTP/3.0\r\n\r\n")]) {
        const socket = await dial(address);
        socket.write(first);
        await closed(socket);
      }
      assert.equal(log.entries.filter(({ because }) => because === "not-http2").length, 5);
      await isServed(address);
    }));

  it("frames that make no sense close their connection, and no other", () =>
    withService(async ({ address }) => {
      const random = new Random(8);
      const preface = new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
      for (let i = 0; i < 5; i++) {
        const socket = await dial(address);
        socket.write(preface);
        socket.write(Uint8Array.from({ length: 3000 }, () => random.integer(0, 255)));
        await closed(socket);
      }
      await isServed(address);
    }));

  it("a connection that says nothing is closed in time, before and after it began", () =>
    withService(async ({ address, log }) => {
      const silent = await dial(address);
      const slow = await dial(address);
      slow.write("PRI * HT");
      const begun = await dial(address);
      begun.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
      begun.write(Uint8Array.of(0, 0, 0, 4, 0, 0, 0, 0, 0)); // SETTINGS, and then nothing
      await Promise.all([closed(silent), closed(slow), closed(begun)]);
      assert.equal(log.entries.filter(({ because }) => because === "too-slow").length, 2);
      await isServed(address);
    }, { limits: { handshakeTimeoutMs: 300, connectionIdleTimeoutMs: 300 } }));

  it("hundreds of idle connections: those above the limit are closed, those below stay out of the way", () =>
    withService(async ({ address, service, log }) => {
      const client = new RemotePipelineClient(address);
      await client.connect();
      const sockets = await Promise.all(Array.from({ length: 300 }, () => dial(address)));
      const closings = sockets.map((socket) => closed(socket).then(() => 1));
      await log.until(({ because }) => because === "too-many", 201);
      assert.equal(await metric(service, 'streamrack_service_refused_total{because="too-many"}'), 201);
      assert.equal(await metric(service, "remotemedia_grpc_active_connections"), 100);
      assert.equal((await client.getVersion()).protocolVersion, "v1");
      for (const socket of sockets) socket.destroy();
      await Promise.all(closings);
      await untilMetric(service, "remotemedia_grpc_active_connections", 1);
      await client.disconnect();
      await isServed(address);
    }, { limits: { maxConnections: 100, maxConnectionsPerPeer: 200 } }));

  it("one address has no more connections than it may", () =>
    withService(async ({ address, service, log }) => {
      const sockets = await Promise.all(Array.from({ length: 8 }, () => dial(address)));
      await log.until(({ because }) => because === "too-many-of-peer", 3);
      assert.equal(await metric(service, 'streamrack_service_refused_total{because="too-many-of-peer"}'), 3);
      for (const socket of sockets) socket.destroy();
      await untilMetric(service, "remotemedia_grpc_active_connections", 0);
      await isServed(address);
    }, { limits: { maxConnectionsPerPeer: 5 } }));
});

describe("a stream out of order", () => {
  const cases: readonly (readonly [string, readonly object[], RegExp])[] = [
    ["a chunk before init", [chunk(0)], /first message is not init/],
    ["a control message before init", [CLOSE], /first message is not init/],
    ["a second init", [INIT, INIT], /init came twice/],
    ["no client version", [{ request: { case: "init", value: { manifest: PASS } } }], /client_version/],
    ["no manifest", [{ request: { case: "init", value: { clientVersion: "v1" } } }], /manifest/],
    ["a sequence that goes back", [INIT, chunk(0), chunk(1), chunk(0)], /sequence/],
    ["a sequence that stands still", [INIT, chunk(3), chunk(3)], /sequence/],
    ["a chunk for an unknown node", [INIT, chunk(0, json("1"), "nobody")], /no such input/],
    ["a chunk without a value", [INIT, { request: { case: "dataChunk", value: { nodeId: "pass" } } }], /no value/],
    ["a value that is nothing", [INIT, chunk(0, {})], /data_type/],
    ["an unknown sample format", [INIT, chunk(0, audio(4, 9))], /audio format/],
    ["text that is not UTF-8", [
      INIT,
      chunk(0, { dataType: { case: "text", value: { textData: Uint8Array.of(0xff, 0xfe) } } }),
    ], /UTF-8/],
    ["JSON that is none", [INIT, chunk(0, json("{"))], /JSON/],
    ["an unknown command", [INIT, { request: { case: "control", value: { command: 9 } } }], /command/],
    ["a tensor that does not fit its shape", [
      INIT,
      chunk(0, { dataType: { case: "tensor", value: { data: new Uint8Array(8), shape: [3n], dtype: 1 } } }),
    ], /shape|elements|tensor/],
    ["a numpy array of a size that nobody has", [
      INIT,
      chunk(0, {
        dataType: {
          case: "numpy",
          value: { data: new Uint8Array(8), shape: [1n << 40n, 1n << 40n], dtype: "float32", fContiguous: true },
        },
      }),
    ], /strides|shape/],
  ];

  it("is answered with one error and ends well, whatever it is", () =>
    withService(async ({ address }) => {
      using client = new RawClient(address);
      for (const [name, requests, message] of cases) {
        const { answers, code } = await converse(client, STREAM_004, requests);
        const errors = answers.flatMap(({ response }) => response.case === "error" ? [response.value] : []);
        assert.equal(errors.length, 1, name);
        assert.equal(answers.at(-1)?.response.case, "error", name);
        assert.match(errors[0]?.message ?? "", message, name);
        assert.equal(errors[0]?.errorType, 1, name);
        assert.equal(code, STATUS.ok, name);
      }
      // Bytes that are no message: as the first, and later.
      for (const before of [[], [INIT]]) {
        const stream = client.stream();
        const reading = stream.readAll();
        for (const message of before) await stream.write(encode(V004.StreamRequestSchema, message));
        await stream.write(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3));
        const last = fromBinary(V004.StreamResponseSchema, (await reading).at(-1) as Uint8Array);
        assert.equal(last.response.case, "error");
        assert.equal((await stream.ended).code, STATUS.ok);
      }
      await isServed(address);
    }));

  it("unary: no manifest, and bytes that are no message, are refused with INVALID_ARGUMENT", () =>
    withService(async ({ address }) => {
      using client = new RawClient(address);
      for (const request of [new Uint8Array(), Uint8Array.of(0xff, 0xff), new Uint8Array(1000).fill(0x0a)]) {
        assert.equal((await statusOf(client.unary(METHODS.execute, request))).code, STATUS.invalidArgument);
      }
      await isServed(address);
    }));
});

describe("too much", () => {
  it("a message of 64 MB is refused, in a call and in a stream, and nobody else waits for it", () =>
    withService(async ({ address }) => {
      using client = new RawClient(address);
      using other = new RawClient(address);
      const large = encode(V004.ExecuteRequestSchema, {
        manifest: PASS,
        dataInputs: { pass: { dataType: { case: "binary", value: { data: new Uint8Array(64e6) } } } },
        clientVersion: "v1",
      });
      const refusal = statusOf(client.unary(METHODS.execute, large));
      const stream = client.stream();
      const reading = stream.readAll();
      await stream.write(encode(V004.StreamRequestSchema, INIT));
      void stream.write(large);
      for (let i = 0; i < 10; i++) {
        const { answers } = await converse(other, STREAM_004, [INIT, chunk(0), CLOSE]);
        assert.deepEqual(answers.map(({ response }) => response.case), ["ready", "result", "closed"]);
      }
      assert.equal((await refusal).code, STATUS.exhausted);
      await reading;
      assert.equal((await stream.ended).code, STATUS.exhausted);
      await isServed(address);
    }));

  it("more pipelines at a time than may be: unavailable, with a time to try again; a place that is left is taken", () =>
    withService(async ({ address, service }) => {
      using client = new RawClient(address);
      const held = [await beginStream(client), await beginStream(client)];
      assert.equal(await metric(service, "remotemedia_grpc_active_streams"), 2);
      const streamed = await converse(client, STREAM_004, [INIT]);
      assert.equal(streamed.code, STATUS.unavailable);
      const request = encode(V004.ExecuteRequestSchema, { manifest: PASS, clientVersion: "v1" });
      const refusal = await statusOf(client.unary(METHODS.execute, request));
      assert.equal(refusal.code, STATUS.unavailable);
      assert.deepEqual(refusal.metadata.get("grpc-retry-pushback-ms"), ["250"]);
      for (const stream of held) await stream.write(encode(V004.StreamRequestSchema, CLOSE));
      await Promise.all(held.map(({ ended }) => ended));
      await isServed(address);
    }, { limits: { maxSessions: 2 } }));

  it("more calls a second than an address may make: resource exhausted", () =>
    withService(async ({ address }) => {
      using client = new RawClient(address);
      const calls = Array.from({ length: 40 }, () =>
        client.unary(METHODS.version, new Uint8Array()).then(() => STATUS.ok, ({ code }) => code as number));
      const codes = await Promise.all(calls);
      assert.ok(
        codes.filter((code) =>
          code === STATUS.ok
        ).length >= 5,
      );
      assert.ok(codes.includes(STATUS.exhausted), codes.join());
      assert.ok(codes.every((code) => code === STATUS.ok || code === STATUS.exhausted), codes.join());
    }, { limits: { maxCallsPerPeerPerS: 5 } }));

  it("limits of a request are kept: samples, bytes, and time", () =>
    withService(async ({ address }) => {
      using client = new RawClient(address);
      const run = async (nodeType: string, params: string, resourceLimits: object, input: object) => {
        const { outcome } = await client.call(METHODS.execute, EXECUTE_004, {
          manifest: { version: "v1", nodes: [{ id: "n", nodeType, params }] },
          dataInputs: { n: input },
          clientVersion: "v1",
          resourceLimits,
        });
        return outcome.case === "error" ? [outcome.value.errorType, outcome.value.message] as const : [0, ""] as const;
      };
      const [samples, samplesMessage] = await run("PassThrough", "", { maxAudioSamples: 99n }, audio(100));
      assert.equal(samples, 3, samplesMessage);
      assert.match(samplesMessage, /max_audio_samples/);
      const [bytes, bytesMessage] = await run("PassThrough", "", { maxMemoryBytes: 600n }, audio(100));
      assert.equal(bytes, 3, bytesMessage);
      assert.match(bytesMessage, /max_memory_bytes/);
      const [time, timeMessage] = await run("util.delay", '{"delayMs":600000}', { maxTimeoutMs: 200n }, json("1"));
      assert.equal(time, 3, timeMessage);
      assert.match(timeMessage, /max_timeout_ms/);
      assert.deepEqual(await run("PassThrough", "", { maxAudioSamples: 100n, maxMemoryBytes: 5000n }, audio(100)), [
        0,
        "",
      ]);

      const slow = { version: "v1", nodes: [{ id: "pass", nodeType: "util.delay", params: '{"delayMs":600000}' }] };
      const { answers } = await converse(client, STREAM_004, [
        {
          request: {
            case: "init",
            value: { manifest: slow, clientVersion: "v1", resourceLimits: { maxTimeoutMs: 200n } },
          },
        },
        chunk(0),
        CLOSE,
      ]);
      const last = answers.at(-1)?.response;
      assert.ok(last?.case === "error" && last.value.errorType === 3, last?.case ?? "nothing");
      assert.match(last.value.message, /max_timeout_ms/);
    }));
});

describe("a client that goes, or stays and does nothing", () => {
  it("vanishes in the middle of a stream: its session ends", () =>
    withService(async ({ address, service, runtime }) => {
      for (const how of ["cancel", "close"] as const) {
        const client = new RawClient(address);
        const stream = await beginStream(client);
        for (let i = 0; i < 5; i++) await stream.write(encode(V004.StreamRequestSchema, chunk(i)));
        assert.equal(await metric(service, "remotemedia_grpc_active_streams"), 1);
        if (how === "cancel") stream.call.cancel();
        client.close();
        if (how === "close") stream.call.cancel();
        await untilMetric(service, "remotemedia_grpc_active_streams", 0);
      }
      // A drain waits for every session: it ends, so none is left.
      await service.close({ drainTimeoutMs: 60_000 });
      await runtime.close({ drainTimeoutMs: 60_000 });
    }));

  it("never reads: it is held back, its stream is reset in time, and another stream flows meanwhile", () =>
    withService(async ({ address, service }) => {
      const client = new RawClient(address);
      const stream = client.stream();
      // One answer, and no more: before the first read, the library of the client takes everything by itself.
      const ready = new Promise((resolve) => stream.call.once("readable", () => resolve(stream.call.read())));
      const total = 3000;
      void (async () => {
        await stream.write(encode(V003.StreamRequestSchema, INIT));
        const audioChunk = (i: number) => ({
          request: {
            case: "audioChunk",
            value: {
              nodeId: "pass",
              sequence: BigInt(i),
              buffer: { samples: new Uint8Array(8000), sampleRate: 16_000, channels: 1, format: 1, numSamples: 2000n },
            },
          },
        });
        for (let i = 0; i < total; i++) await stream.write(encode(V003.StreamRequestSchema, audioChunk(i)));
      })();
      await ready;
      assert.equal(await metric(service, "remotemedia_grpc_active_streams"), 1);
      using other = new RawClient(address);
      const requests = [INIT, ...Array.from({ length: 50 }, (_, i) => chunk(i)), CLOSE];
      const { answers } = await converse(other, STREAM_004, requests);
      assert.equal(answers.filter(({ response }) => response.case === "result").length, 50);
      await untilMetric(service, "remotemedia_grpc_active_streams", 0);
      const { text } = await service.renderMetrics();
      const received = Number(/remotemedia_stream_chunks_total\{status="received"\} (\d+)/.exec(text)?.[1]);
      // What fits into the windows of both sides, far from all 24 MB.
      assert.ok(received - 50 < 500, `${received - 50} chunks were taken`);
      stream.call.cancel();
      client.close();
      await isServed(address);
    }, { limits: { sessionIdleTimeoutMs: 3_000 } }));

  it("sends nothing: an open stream, a stream without init and a call without its message end in time", () =>
    withService(async ({ address }) => {
      using client = new RawClient(address);
      const idle = client.stream();
      const answers = idle.readAll();
      await idle.write(encode(V004.StreamRequestSchema, INIT));
      const silent = client.stream();
      silent.call.resume();
      const unary = client.stream(METHODS.execute);
      unary.call.resume();
      const error = fromBinary(V004.StreamResponseSchema, (await answers).at(-1) as Uint8Array).response;
      assert.ok(error.case === "error" && error.value.errorType === 3, error.case ?? "nothing");
      assert.equal((await idle.ended).code, STATUS.ok);
      assert.equal((await silent.ended).code, STATUS.deadline);
      assert.equal((await unary.ended).code, STATUS.deadline);
      await isServed(address);
    }, { limits: { sessionIdleTimeoutMs: 500, requestTimeoutMs: 500 } }));
});
