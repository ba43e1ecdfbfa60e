/** What the service lets its clients use: each limit by itself. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Admission, type Place } from "../../remote/service/admission.ts";
import {
  audio,
  beginStream,
  chunk,
  CLOSE,
  closed,
  dial,
  EXECUTE_004,
  INIT,
  isServed,
  json,
  metric,
  PASS,
  STATUS,
  STREAM_004,
} from "./_hostile_kit.ts";
import { converse, encode, METHODS, RawClient, statusOf, V004, withService } from "./_service_kit.ts";

describe("limits of the service", () => {
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
        codes.join(),
      );
      assert.ok(codes.includes(STATUS.exhausted), codes.join());
      assert.ok(codes.every((code) => code === STATUS.ok || code === STATUS.exhausted), codes.join());
    }, { limits: { maxCallsPerPeerPerS: 5 } }));

  it("an answer that is too long is refused, in a call and in a stream", () =>
    withService(async ({ address }) => {
      using client = new RawClient(address);
      // 16-bit samples become 32-bit ones, so that 600 kB become 1.2 MB.
      const samples = { samples: new Uint8Array(600_000), sampleRate: 16_000, channels: 1, format: 2 };
      const buffer = { dataType: { case: "audio", value: samples } };
      const { outcome } = await client.call(METHODS.execute, EXECUTE_004, {
        manifest: PASS,
        dataInputs: { pass: buffer },
        clientVersion: "v1",
      });
      assert.ok(outcome.case === "error" && outcome.value.errorType === 3, `${outcome.case}`);
      const { code } = await converse(client, STREAM_004, [INIT, chunk(0, buffer), CLOSE]);
      assert.equal(code, STATUS.exhausted);
      await isServed(address);
    }, { limits: { maxMessageBytes: 1_000_000 } }));

  it("more bytes than may be in work: a call is refused, a long chunk waits, and short ones of others pass", () =>
    withService(async ({ address, service }) => {
      using holding = new RawClient(address);
      using client = new RawClient(address);
      const bytes = (count: number) => ({ dataType: { case: "binary", value: { data: new Uint8Array(count) } } });
      const delay = { version: "v1", nodes: [{ id: "pass", nodeType: "util.delay", params: '{"delayMs":600000}' }] };
      const request = (manifest: object) =>
        encode(V004.ExecuteRequestSchema, { manifest, dataInputs: { pass: bytes(250_000) }, clientVersion: "v1" });
      const stop = new AbortController();
      const held = statusOf(holding.unary(METHODS.execute, request(delay), { signal: stop.signal }));
      while (await metric(service, "remotemedia_grpc_active_executions") === 0) await isServed(address);
      const refusal = await statusOf(client.unary(METHODS.execute, request(PASS)));
      assert.equal(refusal.code, STATUS.exhausted);
      assert.deepEqual(refusal.metadata.get("grpc-retry-pushback-ms"), ["250"]);
      assert.equal(await metric(service, 'streamrack_service_refused_total{because="too-many-bytes"}'), 1);

      const long = client.stream();
      const answers: Uint8Array[] = [];
      const [ready, result] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      long.call.on("data", (answer: Uint8Array) => {
        answers.push(answer);
        (answers.length === 1 ? ready : result).resolve();
      });
      await long.write(encode(V004.StreamRequestSchema, INIT));
      await ready.promise;
      await long.write(encode(V004.StreamRequestSchema, chunk(0, bytes(100_000))));
      const requests = [INIT, ...Array.from({ length: 50 }, (_, i) => chunk(i, bytes(50_000))), CLOSE];
      const short = await converse(client, STREAM_004, requests);
      assert.equal(short.answers.filter(({ response }) => response.case === "result").length, 50);
      assert.equal(answers.length, 1, "the long chunk did not wait");
      stop.abort();
      assert.equal((await held).code, STATUS.cancelled);
      await result.promise;
      long.call.cancel();
    }, { limits: { maxBytesInFlight: 300_000 } }));

  it("more calls at a time on one connection wait at the client", () =>
    withService(async ({ address, service }) => {
      using client = new RawClient(address);
      const [first, second] = [await beginStream(client), await beginStream(client)];
      let third = client.stream();
      const begin = () => third.write(encode(V004.StreamRequestSchema, INIT));
      const isReady = () =>
        new Promise<boolean>((resolve) => {
          third.call.once("data", () => resolve(true));
          third.ended.then(() => resolve(false));
        });
      let ready = isReady();
      await begin();
      // Calls of other connections have their turns meanwhile.
      for (let i = 0; i < 20; i++) await isServed(address);
      assert.equal(await metric(service, "remotemedia_grpc_active_streams"), 2);
      await first.write(encode(V004.StreamRequestSchema, CLOSE));
      await first.ended;
      while (!await ready) {
        // HTTP/2 of Node refuses a call that takes the place of another in the moment in which that one ends.
        assert.equal((await third.ended).code, STATUS.exhausted);
        third = client.stream();
        ready = isReady();
        await begin();
      }
      third.call.resume();
      for (const stream of [second, third]) {
        await stream.write(encode(V004.StreamRequestSchema, CLOSE));
        assert.equal((await stream.ended).code, STATUS.ok);
      }
    }, { limits: { maxCallsPerConnection: 2 } }));

  it("a one-shot run that takes too long, and too many samples, are errors in the answer", () =>
    withService(async ({ address }) => {
      using client = new RawClient(address);
      const slow = { version: "v1", nodes: [{ id: "pass", nodeType: "util.delay", params: '{"delayMs":600000}' }] };
      for (
        const [manifest, input, limit] of [
          [slow, json("1"), /max_timeout_ms/],
          [PASS, audio(1001), /max_audio_samples/],
        ] as const
      ) {
        const { outcome } = await client.call(METHODS.execute, EXECUTE_004, {
          manifest,
          dataInputs: { pass: input },
          clientVersion: "v1",
          // More than the service gives.
          resourceLimits: { maxTimeoutMs: 600_000n, maxAudioSamples: 1_000_000n },
        });
        assert.ok(outcome.case === "error" && outcome.value.errorType === 3, `${outcome.case}`);
        assert.match(outcome.value.message, limit);
      }
      const { answers } = await converse(client, STREAM_004, [INIT, chunk(0, audio(1000)), chunk(1, audio(1001))]);
      const last = answers.at(-1)?.response;
      assert.ok(last?.case === "error" && last.value.errorType === 3);
      assert.match(last.value.message, /1001 samples/);
    }, { limits: { maxExecutionMs: 1_000, maxAudioSamples: 1000 } }));

  it("a peer that answers no ping is closed", () =>
    withService(async ({ address }) => {
      const socket = await dial(address);
      // As HTTP/2 begins, with SETTINGS that set nothing; and no further word.
      socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
      socket.write(Uint8Array.of(0, 0, 0, 4, 0, 0, 0, 0, 0));
      await closed(socket);
      await isServed(address);
    }, { limits: { keepaliveTimeMs: 200, keepaliveTimeoutMs: 200 } }));
});

describe("limits of a request", () => {
  it("are kept, in a call and in a stream: samples, bytes, and time", () =>
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

      for (
        const [limits, limit] of [
          [{ maxAudioSamples: 99n }, /max_audio_samples/],
          [{ maxMemoryBytes: 300n }, /max_memory_bytes/],
        ] as const
      ) {
        const init = { manifest: PASS, clientVersion: "v1", resourceLimits: limits };
        const requests = [{ request: { case: "init", value: init } }, chunk(0, audio(10)), chunk(1, audio(100))];
        const { answers } = await converse(client, STREAM_004, requests);
        const last = answers.at(-1)?.response;
        assert.ok(last?.case === "error" && last.value.errorType === 3);
        assert.match(last.value.message, limit);
      }

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

describe("room for long chunks", () => {
  const long = 100_000;
  const place = (admission: Admission) => {
    const entered = admission.enter(0);
    assert.ok(typeof entered === "object");
    return entered as Place;
  };
  const never = new AbortController().signal;

  it("is given in the order of arrival; short chunks need none; a wait that is aborted lets the next one in", async () => {
    const admission = new Admission({ maxSessions: 10, maxBytesInFlight: 250_000 } as never);
    const [a, b, c, d] = [place(admission), place(admission), place(admission), place(admission)];
    assert.equal(a.waitForBytes(2 * long, never), undefined);
    const order: string[] = [];
    const stop = new AbortController();
    const waits = [
      (b.waitForBytes(2 * long, stop.signal) as Promise<void>).catch((reason) => order.push(`b: ${reason}`)),
      // It would fit, but it came later.
      (c.waitForBytes(long, never) as Promise<void>).then(() => order.push("c")),
      (d.waitForBytes(long, never) as Promise<void>).then(() => order.push("d")),
    ];
    assert.equal(a.waitForBytes(64 * 1024, never), undefined);
    stop.abort("gone");
    await waits[0];
    a.leave();
    await Promise.all(waits);
    assert.deepEqual(order, ["b: gone", "c", "d"]);
    await assert.rejects(async () => await b.waitForBytes(10 * long, AbortSignal.abort(new Error("early"))), /early/);
    for (const left of [b, c, d]) left.leave();
    // Larger than everything, but alone.
    assert.equal(place(admission).waitForBytes(10 * long, never), undefined);
  });
});
