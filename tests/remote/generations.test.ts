/** The two generations of the wire form, against a service that is not told which one comes. */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { DataBuffer as V004DataBuffer } from "../../remote/gen/v004/remotemedia/v1/common_pb.ts";
import { createRuntime, type Runtime } from "../../mod.ts";
import { createService, type Service } from "../../remote/mod.ts";
import { testPlugin } from "../_support/runtime.ts";
import { audioBuffer, f32, PASS, SCHEMAS_003, SCHEMAS_004, show, STREAM_003, STREAM_004 } from "./_generations_kit.ts";
import { converse, METHODS, RawClient, V003, V004 } from "./_service_kit.ts";

describe("a service", () => {
  let runtime: Runtime;
  let service: Service;
  let client: RawClient;
  before(async () => {
    runtime = await createRuntime({ plugins: [testPlugin("probe"), testPlugin("faults")] });
    service = await createService(runtime, { listen: "127.0.0.1:0" });
    client = new RawClient(`127.0.0.1:${service.address.port}`);
  });
  after(async () => {
    client.close();
    await service.close();
    await runtime.close();
  });

  it("GetVersion: tells version and node types, also to a client that says none", async () => {
    const schemas = [V004.VersionRequestSchema, V004.VersionResponseSchema] as const;
    const { versionInfo, compatible, compatibilityMessage } = await client.call(METHODS.version, schemas, {});
    assert.equal(versionInfo?.protocolVersion, "v1");
    assert.deepEqual(versionInfo?.supportedProtocols, ["v1"]);
    assert.match(versionInfo?.runtimeVersion ?? "", /^\d+\.\d+\.\d+$/);
    assert.ok(!Number.isNaN(Date.parse(versionInfo?.buildTimestamp ?? "")));
    for (const type of ["PassThrough", "PassThroughNode", "Echo", "CalculatorNode", "MultiplyNode", "AddNode"]) {
      assert.ok(versionInfo?.supportedNodeTypes.includes(type), type);
    }
    assert.deepEqual([compatible, compatibilityMessage], [true, "Compatible"]);
  });

  it("first generation, one-shot: audio and text of JSON, by the ids of the last nodes", async () => {
    const { outcome } = await client.call(METHODS.execute, SCHEMAS_003, {
      manifest: {
        version: "v1",
        nodes: [
          { id: "pass", nodeType: "PassThrough" },
          { id: "calc", nodeType: "CalculatorNode", params: '{"operation": "add", "value": 5.0}' },
        ],
      },
      audioInputs: { pass: audioBuffer([0.25, -0.5]) },
      dataInputs: { calc: '{"value": 10.0}' },
      clientVersion: "v1",
    });
    assert.ok(outcome.case === "result", show(outcome.value));
    const { audioOutputs, dataOutputs, metrics, status } = outcome.value;
    assert.deepEqual(audioOutputs["pass"]?.samples, f32(0.25, -0.5));
    assert.equal(audioOutputs["pass"]?.format, 1);
    assert.equal(audioOutputs["pass"]?.numSamples, 2n);
    assert.deepEqual(JSON.parse(dataOutputs["calc"] ?? ""), { result: 15 });
    assert.equal(status, V003.ExecutionStatus.SUCCESS);
    assert.ok((metrics?.wallTimeMs ?? 0) > 0 && !Number.isInteger(metrics?.wallTimeMs));
    assert.equal(metrics?.nodeMetrics["calc"]?.samplesProcessed, 1n);
  });

  it("first generation, stream: one result for each chunk, metrics after ten, closed, the end", async () => {
    const count = 12;
    const chunks = Array.from({ length: count }, (_, i) => ({
      request: {
        case: "audioChunk" as const,
        value: { nodeId: "pass", buffer: audioBuffer([i, i]), sequence: BigInt(i) },
      },
    }));
    const { answers, code } = await converse(client, STREAM_003, [
      { request: { case: "init", value: { manifest: PASS, clientVersion: "v1", expectedChunkSize: 1600n } } },
      ...chunks,
      { request: { case: "control", value: { command: 1 } } },
    ]);
    const kinds = answers.map(({ response }) => response.case);
    assert.deepEqual(kinds, ["ready", ...Array(10).fill("result"), "metrics", "result", "result", "closed"]);
    const results = answers.flatMap(({ response }) => response.case === "result" ? [response.value] : []);
    results.forEach((result, i) => {
      assert.equal(result.sequence, BigInt(i));
      assert.deepEqual(result.audioOutputs["pass"]?.samples, f32(i, i));
      assert.equal(result.totalSamplesProcessed, BigInt(2 * (i + 1)));
      assert.ok(result.processingTimeMs > 0);
    });
    const ready = answers[0]?.response;
    assert.ok(ready?.case === "ready" && ready.value.sessionId !== "" && ready.value.recommendedChunkSize === 1600n);
    const metrics = answers[11]?.response;
    assert.ok(metrics?.case === "metrics" && metrics.value.chunksProcessed === 10n, JSON.stringify(kinds));
    assert.ok(metrics.value.totalSamples >= 20n && metrics.value.sessionId === ready.value.sessionId);
    const closed = answers.at(-1)?.response;
    assert.ok(closed?.case === "closed");
    assert.equal(closed.value.reason, "Client requested close");
    assert.ok((closed.value.finalMetrics?.wallTimeMs ?? 0) > 0);
    assert.equal(code, 0);
  });

  it("second generation, one-shot: every kind of data comes back as it went", async () => {
    const text = new TextEncoder().encode("grüße");
    const inputs = {
      audio: { case: "audio" as const, value: audioBuffer([0.5]) },
      json: { case: "json" as const, value: { jsonPayload: '{"a":[1,null]}', schemaType: "s" } },
      text: { case: "text" as const, value: { textData: text, language: "de", encoding: "utf-8", channel: "ui" } },
      binary: { case: "binary" as const, value: { data: Uint8Array.of(1, 2, 3), mimeType: "image/png" } },
      tensor: {
        case: "tensor" as const,
        value: { data: f32(1, 2, 3, 4, 5, 6), shape: [2n, 3n], dtype: 1, layout: "NC" },
      },
      video: {
        case: "video" as const,
        value: {
          pixelData: new Uint8Array(12).fill(7),
          width: 2,
          height: 2,
          format: 1,
          frameNumber: 4n,
          timestampUs: 9n,
        },
      },
      file: { case: "file" as const, value: { path: "/a/b", filename: "b", mimeType: "text/plain", size: 5n } },
      control: {
        case: "control" as const,
        value: { messageType: { case: "batchHint" as const, value: { suggestedBatchSize: 3 } }, segmentId: "seg" },
      },
    };
    const ids = Object.keys(inputs);
    const { outcome } = await client.call(METHODS.execute, SCHEMAS_004, {
      manifest: { version: "v1", nodes: ids.map((id) => ({ id, nodeType: "PassThrough" })) },
      dataInputs: Object.fromEntries(
        Object.entries(inputs).map(([id, dataType]) => [id, { dataType, metadata: { k: "v" } }]),
      ),
      clientVersion: "v1",
    });
    assert.ok(outcome.case === "result", show(outcome.value));
    for (const [id, { case: kind, value }] of Object.entries(inputs)) {
      const output: V004DataBuffer | undefined = outcome.value.dataOutputs[id];
      assert.equal(output?.dataType.case, kind, id);
      for (const [field, expected] of Object.entries(value)) {
        const actual: unknown = (output.dataType.value as unknown as Record<string, unknown>)[field];
        if (field === "messageType") assert.equal((actual as { case: string }).case, "batchHint");
        else assert.deepEqual(actual, expected, `${id}.${field}`);
      }
      if (kind !== "audio" && kind !== "control") assert.equal(output.metadata["k"], "v", id);
    }
    assert.deepEqual(outcome.value.metrics?.dataTypeBreakdown["audio"], 1n);
  });

  it("second generation: integer samples become floats, as the protocol says", async () => {
    const i16 = new Uint8Array(Int16Array.of(16_384, -32_768).buffer);
    const value = { samples: i16, sampleRate: 8000, channels: 2, format: 2, numSamples: 2n };
    const { outcome } = await client.call(METHODS.execute, SCHEMAS_004, {
      manifest: PASS,
      dataInputs: { pass: { dataType: { case: "audio", value } } },
      clientVersion: "v1",
    });
    assert.ok(outcome.case === "result");
    const audio = outcome.value.dataOutputs["pass"]?.dataType;
    assert.ok(audio?.case === "audio");
    assert.deepEqual([audio.value.format, audio.value.channels, audio.value.samples], [1, 2, f32(0.5, -1)]);
  });

  it("second generation: numpy arrays in any order", async () => {
    const value = {
      data: new Uint8Array(Float64Array.of(1, 3, 5, 2, 4, 6).buffer),
      shape: [3n, 2n],
      dtype: "float64",
      fContiguous: true,
    };
    const { outcome } = await client.call(METHODS.execute, SCHEMAS_004, {
      manifest: PASS,
      dataInputs: { pass: { dataType: { case: "numpy", value } } },
      clientVersion: "v1",
    });
    assert.ok(outcome.case === "result");
    const numpy = outcome.value.dataOutputs["pass"]?.dataType;
    assert.ok(numpy?.case === "numpy");
    assert.deepEqual(numpy.value.data, new Uint8Array(Float64Array.of(1, 2, 3, 4, 5, 6).buffer));
    assert.deepEqual([numpy.value.shape, numpy.value.dtype], [[3n, 2n], "float64"]);
  });

  it("second generation, stream: data chunks, the older audio chunks, and values by port", async () => {
    const json = (value: number) => ({ dataType: { case: "json" as const, value: { jsonPayload: `${value}` } } });
    const { answers } = await converse(client, STREAM_004, [
      { request: { case: "init", value: { manifest: PASS, clientVersion: "test" } } },
      { request: { case: "dataChunk", value: { nodeId: "pass", buffer: json(1), sequence: 0n } } },
      { request: { case: "dataChunk", value: { nodeId: "pass", namedBuffers: { input: json(2) }, sequence: 1n } } },
      { request: { case: "audioChunk", value: { nodeId: "pass", buffer: audioBuffer([1]), sequence: 2n } } },
      // A gap is let pass.
      { request: { case: "dataChunk", value: { nodeId: "pass", buffer: json(3), sequence: 9n, timestampMs: 5n } } },
      {},
      { request: { case: "control", value: { command: 1 } } },
    ]);
    const results = answers.flatMap(({ response }) => response.case === "result" ? [response.value] : []);
    assert.deepEqual(results.map(({ sequence }) => sequence), [0n, 1n, 2n, 9n]);
    assert.deepEqual(results.map(({ totalItemsProcessed }) => totalItemsProcessed), [1n, 2n, 3n, 4n]);
    assert.deepEqual(
      results.map(({ dataOutputs }) => dataOutputs["pass"]?.dataType.case),
      ["json", "json", "audio", "json"],
    );
    assert.equal(answers.at(-1)?.response.case, "closed");
  });

  it("a stream without a control message ends well, with all results and no closed", async () => {
    const { answers, code } = await converse(client, STREAM_004, [
      { request: { case: "init", value: { manifest: PASS, clientVersion: "v1" } } },
      { request: { case: "audioChunk", value: { nodeId: "pass", buffer: audioBuffer([1]) } } },
    ]);
    assert.deepEqual(answers.map(({ response }) => response.case), ["ready", "result"]);
    assert.equal(code, 0);
  });

  it("cancel drops what is under way, and says so", async () => {
    const { answers, code } = await converse(client, STREAM_003, [
      {
        request: {
          case: "init",
          value: {
            manifest: { version: "v1", nodes: [{ id: "h", nodeType: "util.delay", params: '{"delayMs": 600000}' }] },
            clientVersion: "v1",
          },
        },
      },
      { request: { case: "audioChunk", value: { nodeId: "h", buffer: audioBuffer([1]) } } },
      { request: { case: "control", value: { command: 2 } } },
    ]);
    assert.deepEqual(answers.map(({ response }) => response.case), ["ready", "closed"]);
    const closed = answers.at(-1)?.response;
    assert.equal(closed?.case === "closed" && closed.value.reason, "Client requested cancel");
    assert.equal(code, 0);
  });

  it("results of nodes that join and split chunks name the chunk in which they begin", async () => {
    const manifest = {
      version: "v1",
      nodes: [{ id: "re", nodeType: "audio.rechunk", params: '{"durationMs": 25}' }],
    };
    // Ten chunks of 10 ms become four of 25 ms.
    const chunks = Array.from({ length: 10 }, (_, i) => ({
      request: {
        case: "dataChunk" as const,
        value: {
          nodeId: "re",
          buffer: { dataType: { case: "audio" as const, value: audioBuffer(Array(160).fill(i)) } },
          sequence: BigInt(i),
        },
      },
    }));
    const { answers } = await converse(client, STREAM_004, [
      { request: { case: "init", value: { manifest, clientVersion: "v1" } } },
      ...chunks,
      { request: { case: "control", value: { command: 1 } } },
    ]);
    const sequences = answers.flatMap(({ response }) => response.case === "result" ? [response.value.sequence] : []);
    assert.deepEqual(sequences, [0n, 2n, 5n, 7n]);
  });
});
