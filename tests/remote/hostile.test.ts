/** What clients do wrong, by accident or on purpose; each is answered or closed, and others do not notice. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import { describe, it } from "node:test";
import { fromBinary } from "@bufbuild/protobuf";
import { RemotePipelineClient } from "../../remote/mod.ts";
import { RuntimeData } from "../../mod.ts";
import { Random } from "../_support/random.ts";
import {
  audio,
  beginStream,
  chunk,
  CLOSE,
  closed,
  dial,
  INIT,
  isServed,
  json,
  metric,
  PASS,
  STATUS,
  STREAM_004,
  streamsEnded,
  untilMetric,
} from "./_hostile_kit.ts";
import { converse, encode, METHODS, RawClient, statusOf, V003, V004, withService } from "./_service_kit.ts";

/** As HTTP/2 begins: the preface, and SETTINGS that set nothing (RFC 9113, sections 3.4 and 6.5). */
const BEGINNING = Uint8Array.of(
  ...new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  0,
  0,
  0,
  4,
  0,
  0,
  0,
  0,
  0,
);

/** How many files this process may have open. Both ends of each connection count. */
function maxOpenFiles(): number {
  try {
    return Number(/Max open files\s+(\d+)/.exec(readFileSync("/proc/self/limits", "utf8"))?.[1]);
  } catch {
    // Not Linux: the limit that systems have where nobody raised it.
    return 256;
  }
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
      begun.write(BEGINNING); // and then nothing
      await Promise.all([closed(silent), closed(slow), closed(begun)]);
      assert.equal(log.entries.filter(({ because }) => because === "too-slow").length, 2);
      await isServed(address);
    }, { limits: { handshakeTimeoutMs: 300, connectionIdleTimeoutMs: 300 } }));

  const crowd = 2_500;
  const tooFew = maxOpenFiles() < 5_500 ? `this process may open ${maxOpenFiles()} files; it needs 5500` : false;
  it(
    "thousands of idle connections: those above the limit are closed, others do not notice",
    { skip: tooFew },
    () =>
      withService(async ({ address, service, log }) => {
        const client = new RemotePipelineClient(address);
        await client.connect();
        using raw = new RawClient(address);
        const running = await beginStream(raw);
        const sockets: Socket[] = [];
        while (sockets.length < crowd) {
          // Less at a time than the system keeps waiting for a server.
          const some = await Promise.all(Array.from({ length: 100 }, () => dial(address)));
          // Some say nothing, some have begun, some stop in the middle of that.
          some.forEach((socket, i) => {
            if (i % 3 > 0) socket.write(i % 3 === 1 ? BEGINNING : BEGINNING.subarray(0, 10));
          });
          sockets.push(...some);
          // A call and a chunk of those that were there before.
          assert.equal((await client.getVersion()).protocolVersion, "v1");
          const sequence = sockets.length / 100 - 1;
          const answer = new Promise((resolve) => running.call.once("data", resolve));
          await running.write(encode(V004.StreamRequestSchema, chunk(sequence)));
          const { response } = fromBinary(V004.StreamResponseSchema, await answer as Uint8Array);
          assert.ok(response.case === "result" || response.case === "metrics", `${response.case}`);
        }
        const closings = sockets.map((socket) => closed(socket).then(() => 1));
        await log.until(({ because }) => because === "too-many", crowd - 1_998);
        assert.equal(await metric(service, 'streamrack_service_refused_total{because="too-many"}'), crowd - 1_998);
        assert.equal(await metric(service, "remotemedia_grpc_active_connections"), 2_000);
        const manifest = { version: "v1", nodes: [{ id: "p", node_type: "PassThrough" }] } as const;
        const { outputs } = await client.executePipeline(manifest, { p: RuntimeData.text("still") });
        assert.equal(RuntimeData.asText(outputs["p"] as RuntimeData), "still");
        for (const socket of sockets) socket.destroy();
        await Promise.all(closings);
        await untilMetric(service, "remotemedia_grpc_active_connections", 2);
        running.call.cancel();
        await client.disconnect();
        await isServed(address);
      }, {
        limits: { maxConnections: 2_000, maxConnectionsPerPeer: 5_000, handshakeTimeoutMs: 600_000 },
      }),
  );

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

describe("a client that goes, or stays and does nothing", () => {
  it("vanishes in the middle of a stream: its session ends", () =>
    withService(async ({ address, service, runtime, log }) => {
      for (const [i, how] of (["cancel", "close"] as const).entries()) {
        const client = new RawClient(address);
        const stream = await beginStream(client);
        for (let i = 0; i < 5; i++) await stream.write(encode(V004.StreamRequestSchema, chunk(i)));
        assert.equal(await metric(service, "remotemedia_grpc_active_streams"), 1);
        if (how === "cancel") stream.call.cancel();
        client.close();
        if (how === "close") stream.call.cancel();
        await streamsEnded(log, i + 1);
      }
      // A drain waits for every session: it ends, so none is left.
      await service.close({ drainTimeoutMs: 60_000 });
      await runtime.close({ drainTimeoutMs: 60_000 });
    }));

  it("never reads: it is held back, its stream is reset in time, and another stream flows meanwhile", () =>
    withService(async ({ address, service, log }) => {
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
      await streamsEnded(log, 2);
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
