/** RemotePipelineClient against our own service, in one process. */

import assert from "node:assert/strict";
import { createServer } from "node:net";
import { after, before, describe, it } from "node:test";
import { createRuntime, type Manifest, type Runtime, RuntimeData, StreamrackError } from "../../mod.ts";
import {
  AudioFormat,
  type ChunkResult,
  createService,
  ErrorType,
  RemotePipelineClient,
  RemotePipelineError,
  RuntimeHint,
  type Service,
} from "../../remote/mod.ts";
import { rejectionOf, thrownBy } from "../_support/errors.ts";
import { testPlugin } from "../_support/runtime.ts";

const PASS: Manifest = { version: "v1", nodes: [{ id: "pass", node_type: "PassThrough" }] };
const one = (nodeType: string, params?: Manifest["nodes"][number]["params"]): Manifest => ({
  version: "v1",
  nodes: [{ id: "n", node_type: nodeType, params }],
});

function tone(index: number, format: "f32" | "i16" = "f32") {
  const samples = format === "f32" ? new Float32Array(160).fill(index / 100) : new Int16Array(160).fill(index);
  return RuntimeData.audio({ samples, sampleRate: 16_000, timestampUs: index * 10_000 });
}

describe("RemotePipelineClient", () => {
  let runtime: Runtime;
  let service: Service;
  let client: RemotePipelineClient;
  before(async () => {
    runtime = await createRuntime({ plugins: [testPlugin("probe"), testPlugin("faults")] });
    // One test calls as fast as it can.
    service = await createService(runtime, { listen: "127.0.0.1:0", limits: { maxCallsPerPeerPerS: 1_000_000 } });
    client = new RemotePipelineClient(`127.0.0.1:${service.address.port}`);
  });
  after(async () => {
    await client.disconnect();
    await service.close();
    await runtime.close();
  });

  it("connects and tells what the service is", async () => {
    const version = await client.connect();
    assert.deepEqual([version.protocolVersion, version.isCompatible], ["v1", true]);
    assert.ok(version.supportedNodeTypes.includes("audio.gain"));
  });

  it("gives every kind of data back as it was, with format, time and metadata", async () => {
    const metadata = { speaker: "a", turn: { n: 1, list: [null, true] } };
    const values: Record<string, RuntimeData> = {
      f32: RuntimeData.audio({
        samples: Float32Array.of(0.5, -1),
        sampleRate: 8000,
        channels: 2,
        timestampUs: 12.5,
        metadata,
      }),
      i16: RuntimeData.audio({ samples: Int16Array.of(5, -7), sampleRate: 8000 }),
      i32: RuntimeData.audio({ samples: Int32Array.of(2 ** 31 - 1), sampleRate: 8000 }),
      text: RuntimeData.text("grüße", { language: "de", timestampUs: 7, metadata: { k: "v" } }),
      json: RuntimeData.json({ a: [1, "x", null] }, { metadata }),
      binary: RuntimeData.binary(Uint8Array.of(1, 2, 3), { mimeType: "image/png" }),
      tensor: RuntimeData.tensor({ data: Float32Array.of(1, 2, 3, 4), shape: [2, 2], layout: "NC" }),
      int64: RuntimeData.tensor({ data: BigInt64Array.of(1n, -2n), shape: [2] }),
      video: RuntimeData.video({
        pixels: new Uint8Array(12),
        width: 2,
        height: 2,
        pixelFormat: "rgb24",
        frameNumber: 3,
        timestampUs: 40,
      }),
      file: RuntimeData.file({ path: "/a", sizeBytes: 9 }),
      control: RuntimeData.control({ op: "deadline-warning", deadlineUs: 5 }, { segmentId: "s" }),
    };
    const nodes = Object.keys(values).map((id) => ({ id, node_type: "PassThrough" }));
    const { outputs, status, metrics } = await client.executePipeline({ version: "v1", nodes }, values);
    const defined = (value: object) =>
      Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined));
    for (const [id, value] of Object.entries(values)) assert.deepEqual(defined(outputs[id] ?? {}), defined(value), id);
    assert.equal(status, "success");
    assert.ok(metrics.wallTimeMs > 0);
    assert.equal(metrics.nodes["text"]?.itemsProcessed, 1);
  });

  it("what a node gives in parts is joined: audio, text, and JSON to an array", async () => {
    const audio = RuntimeData.audio({ samples: Float32Array.from({ length: 1600 }, (_, i) => i), sampleRate: 16_000 });
    const { outputs } = await client.executePipeline(one("audio.rechunk", { durationMs: 10 }), { n: audio });
    assert.deepEqual(RuntimeData.asAudio(outputs["n"] as RuntimeData).samples, audio.samples);
    const many = await client.executePipeline(one("probe.many", { count: 3 }), { n: RuntimeData.text("x") });
    assert.equal((RuntimeData.asJson(many.outputs["n"] as RuntimeData) as unknown[]).length, 3);
  });

  it("streams at the pace of both sides, in order, and ends with what it cost", async () => {
    const count = 200;
    let asked = 0;
    async function* chunks() {
      for (; asked < count; asked++) yield tone(asked);
    }
    const ready: string[] = [];
    const counts: number[] = [];
    const stream = client.streamPipeline(PASS, chunks(), {
      onReady: ({ sessionId }) => ready.push(sessionId),
      onMetrics: ({ chunksProcessed }) => counts.push(chunksProcessed),
    });
    let received = 0;
    let step = await stream.next();
    for (; step.done !== true; step = await stream.next()) {
      const { sequence, outputs, totalItemsProcessed } = step.value;
      const audio = RuntimeData.asAudio(outputs["pass"] as RuntimeData);
      assert.deepEqual([sequence, audio.timestampUs, totalItemsProcessed], [received, received * 10_000, received + 1]);
      received++;
    }
    assert.equal(received, count);
    assert.equal(step.value?.nodes["pass"]?.itemsProcessed, count);
    assert.equal(ready.length, 1);
    assert.deepEqual(counts, Array.from({ length: 20 }, (_, i) => 10 * (i + 1)));
  });

  it("the source is not asked for more than there is room for, while nobody takes results", async () => {
    let asked = 0;
    const large = () => RuntimeData.binary(new Uint8Array(100_000));
    async function* chunks() {
      for (; asked < 1000; asked++) yield large();
    }
    const stream = client.streamPipeline(PASS, chunks());
    await stream.next();
    // As long as it goes on asking, there is room; it stops when windows and buffers are full. It has its turns while
    // calls of another client are answered.
    const other = new RemotePipelineClient(client.address);
    for (let calls = 0, last = -1; calls < 100; calls++) {
      if (asked !== last) [last, calls] = [asked, 0];
      await other.getVersion();
    }
    await other.disconnect();
    assert.ok(asked < 300, `${asked} of 1000 chunks of 100 kB were taken`);
    await stream.return(undefined);
  });

  it("leaving the loop, an abort and a source that throws each end the stream, and the source cleans up", async () => {
    const cleaned = { left: Promise.withResolvers<void>(), aborted: Promise.withResolvers<void>() };
    async function* chunks(name: keyof typeof cleaned) {
      try {
        for (let i = 0;; i++) yield tone(i);
      } finally {
        cleaned[name].resolve();
      }
    }
    for await (const _ of client.streamPipeline(PASS, chunks("left"))) break;
    const stop = new AbortController();
    const aborted = await rejectionOf((async () => {
      for await (const _ of client.streamPipeline(PASS, chunks("aborted"), { signal: stop.signal })) {
        stop.abort("enough");
      }
    })());
    assert.deepEqual([aborted.reason, aborted.cause], ["session-cancelled", "enough"]);
    const failure = new RangeError("no more");
    async function* failing() {
      yield tone(0);
      throw failure;
    }
    await assert.rejects(async () => {
      for await (const _ of client.streamPipeline(PASS, failing()));
    }, (thrown) => thrown === failure);
    await Promise.all([cleaned.left.promise, cleaned.aborted.promise]);
    const before = await rejectionOf(client.getVersion({ signal: AbortSignal.abort("early") }));
    assert.equal(before.reason, "session-cancelled");
  });

  it("initial inputs and values by node go where they should", async () => {
    const manifest: Manifest = {
      version: "v1",
      nodes: [{ id: "a", node_type: "PassThrough" }, { id: "b", node_type: "PassThrough" }],
    };
    const results: ChunkResult[] = [];
    const inputs = { b: RuntimeData.text("first") };
    for await (
      const result of client.streamPipeline(manifest, [{ data: RuntimeData.text("x"), to: "a" }], { inputs })
    ) {
      results.push(result);
    }
    assert.deepEqual(results.map(({ outputs }) => Object.keys(outputs)[0]).sort(), ["a", "b"]);
  });

  it("errors are those of the service: code, reason, problems, node, and the protocol's kind", async () => {
    const invalid = await rejectionOf(client.executePipeline(one("NoSuchNode")));
    assert.ok(invalid instanceof RemotePipelineError);
    assert.deepEqual([invalid.code, invalid.reason, invalid.errorType, invalid.nodeId], [
      "invalid-argument",
      "invalid-manifest",
      ErrorType.validation,
      "n",
    ]);
    assert.equal(invalid.problems[0]?.path, "nodes[0].node_type");
    const params = await rejectionOf(client.executePipeline(one("audio.gain", { gainDb: "loud" })));
    assert.deepEqual([params.reason, params.problems[0]?.path], ["invalid-manifest", "nodes[id=n].params.gainDb"]);
    const failed = await rejectionOf(client.executePipeline(one("fault.throw"), { n: RuntimeData.text("x") }));
    assert.deepEqual([failed.reason, failed.pluginName, failed.retryable], ["node-failed", "faults", false]);
    const crashed = await rejectionOf(client.executePipeline(one("fault.exit"), { n: RuntimeData.text("x") }));
    assert.deepEqual([crashed.reason, (crashed as RemotePipelineError).errorType], [
      "worker-crashed",
      ErrorType.internal,
    ]);
    const kind = await rejectionOf(client.executePipeline(one("audio.gain"), { n: RuntimeData.text("x") }));
    assert.equal((kind as RemotePipelineError).errorType, ErrorType.typeValidation);
    const limited = await rejectionOf(
      client.executePipeline(PASS, { pass: tone(1) }, { resourceLimits: { maxAudioSamples: 10 } }),
    );
    assert.deepEqual([limited.code, limited.reason], ["resource-exhausted", "limit-exceeded"]);
    const streamed = await rejectionOf((async () => {
      for await (const _ of client.streamPipeline(one("fault.throw"), [RuntimeData.text("x")]));
    })());
    assert.deepEqual([streamed.reason, streamed.nodeId], ["node-failed", "n"]);
    // What the protocol has no form for is said before anything is sent.
    const manifest: Manifest = { version: "v1", nodes: [{ id: "a", node_type: "Echo", is_output_node: true }] };
    const unsayable = await rejectionOf(client.executePipeline(manifest));
    assert.equal(unsayable.problems[0]?.path, "nodes[0].is_output_node");
  });

  it("a deadline that passes ends the call, here and there", async () => {
    const slow = one("util.delay", { delayMs: 600_000 });
    const unary = await rejectionOf(client.executePipeline(slow, { n: RuntimeData.text("x") }, { timeoutMs: 200 }));
    assert.deepEqual([unary.code, unary.reason], ["deadline-exceeded", "deadline-exceeded"]);
    const stream = await rejectionOf((async () => {
      for await (const _ of client.streamPipeline(slow, [RuntimeData.text("x")], { timeoutMs: 500 }));
    })());
    assert.equal(stream.code, "deadline-exceeded");
    const cancelled = new AbortController();
    const running = rejectionOf(
      client.executePipeline(slow, { n: RuntimeData.text("x") }, { signal: cancelled.signal }),
    );
    cancelled.abort();
    assert.equal((await running).reason, "session-cancelled");
  });

  it("tries again while the service is not there, and says so when it never is", async () => {
    // A port that nobody listens on: taken, and given back.
    const port = await new Promise<number>((resolve) => {
      const server = createServer().listen(0, "127.0.0.1", () => {
        const { port } = server.address() as { port: number };
        server.close(() => resolve(port));
      });
    });
    const patient = new RemotePipelineClient(`127.0.0.1:${port}`, { maxAttempts: 5 });
    const gone = await rejectionOf(new RemotePipelineClient(`127.0.0.1:${port}`, { maxAttempts: 1 }).connect());
    assert.deepEqual([gone.code, gone.reason, gone.retryable], ["unavailable", "connection-failed", true]);
    const connecting = patient.connect();
    const late = await createService(runtime, { listen: `127.0.0.1:${port}` });
    assert.equal((await connecting).protocolVersion, "v1");
    await late.close();
    await patient.disconnect();
  });

  it("goes on after the service was restarted", async () => {
    const first = await createService(runtime, { listen: "127.0.0.1:0" });
    const { port } = first.address;
    const lasting = new RemotePipelineClient(`127.0.0.1:${port}`, { maxAttempts: 5 });
    await lasting.connect();
    await first.close({ drainTimeoutMs: 1_000 });
    const second = await createService(runtime, { listen: `127.0.0.1:${port}` });
    assert.equal((await lasting.getVersion()).protocolVersion, "v1");
    await lasting.disconnect();
    await second.close();
  });

  it("after disconnect it is of no use, and a running call has ended", async () => {
    const short = new RemotePipelineClient(client.address);
    const running = rejectionOf(
      short.executePipeline(one("util.delay", { delayMs: 600_000 }), { n: RuntimeData.text("x") }),
    );
    await short.getVersion();
    await short.disconnect();
    assert.ok(StreamrackError.is(await running));
    assert.equal((await rejectionOf(short.getVersion())).reason, "session-closed");
    await short.disconnect();
  });

  it("options that are not right are named; nothing is connected", () => {
    const error = thrownBy(() =>
      new RemotePipelineClient("http://x", { timeoutMs: 0, maxAttempts: 9, token: "a b", tls: { cert: "c" } })
    );
    assert.deepEqual(error.problems.map(({ path }) => path), [
      "address",
      "options.timeoutMs",
      "options.maxAttempts",
      "options.token",
      "options.tls",
    ]);
  });

  it("has a counterpart for each enum of the protocol", () => {
    assert.deepEqual(Object.values(ErrorType), [1, 2, 3, 4, 5, 6, 7]);
    assert.deepEqual(Object.values(AudioFormat), ["f32", "i16", "i32"]);
    assert.deepEqual(Object.values(RuntimeHint), ["auto", "rust_python", "cpython", "cpython_wasm"]);
  });
});
