/** The two generations of the wire form, against a service that is not told which one comes. */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import {
  generationOfExecuteRequest,
  generationOfInit,
  generationOfStreamRequest,
} from "../../remote/wire/generation.ts";
import type { DataBuffer as V004DataBuffer } from "../../remote/gen/v004/remotemedia/v1/common_pb.ts";
import { createRuntime, type Runtime } from "../../mod.ts";
import { createService, type Service } from "../../remote/mod.ts";
import { testPlugin } from "../_support/runtime.ts";
import { converse, encode, METHODS, RawClient, V003, V004 } from "./_service_kit.ts";

const PASS = { version: "v1", nodes: [{ id: "pass", nodeType: "PassThrough" }] };

function show(value: unknown): string {
  return JSON.stringify(value, (_, v) => typeof v === "bigint" ? `${v}` : v);
}

/** Samples as they stand on the wire. */
function f32(...samples: number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(samples).buffer);
}

function audioBuffer(samples: readonly number[]) {
  const bytes = f32(...samples);
  return { samples: bytes, sampleRate: 16_000, channels: 1, format: 1, numSamples: BigInt(samples.length) };
}

const execute003 = (message: object) => encode(V003.ExecuteRequestSchema, message);
const execute004 = (message: object) => encode(V004.ExecuteRequestSchema, message);
const stream003 = (message: object) => encode(V003.StreamRequestSchema, message);
const stream004 = (message: object) => encode(V004.StreamRequestSchema, message);

describe("which generation a request is of", () => {
  const limits = { maxMemoryBytes: 1000n, maxTimeoutMs: 50n };
  const requests: readonly (readonly [string, Uint8Array, "003" | "004" | undefined])[] = [
    ["first, with a version", execute003({ manifest: PASS, clientVersion: "v1" }), "003"],
    ["first, with limits only", execute003({ manifest: PASS, resourceLimits: limits }), "003"],
    ["first, with audio only", execute003({ manifest: PASS, audioInputs: { pass: audioBuffer([1]) } }), "003"],
    ["first, with data only", execute003({ manifest: PASS, dataInputs: { pass: '{"a":1}' } }), "003"],
    ["second, with a version", execute004({ manifest: PASS, clientVersion: "v1" }), "004"],
    ["second, with limits only", execute004({ manifest: PASS, resourceLimits: limits }), "004"],
    [
      "second, with audio only",
      execute004({ manifest: PASS, dataInputs: { pass: { dataType: { case: "audio", value: audioBuffer([1]) } } } }),
      "004",
    ],
    [
      "second, with text only",
      execute004({ manifest: PASS, dataInputs: { pass: { dataType: { case: "text", value: { textData: f32(1) } } } } }),
      "004",
    ],
    ["either, with a manifest only", execute003({ manifest: PASS }), undefined],
    ["either, empty", new Uint8Array(), undefined],
    ["neither: bytes that are no message", Uint8Array.of(255, 255, 255), undefined],
  ];
  for (const [name, bytes, expected] of requests) {
    it(`ExecuteRequest: ${name}`, () => assert.equal(generationOfExecuteRequest(bytes), expected));
  }

  const chunk = { nodeId: "pass", buffer: audioBuffer([0.5, 1]) };
  const data = { dataType: { case: "audio" as const, value: audioBuffer([0.5, 1]) } };
  const messages: readonly (readonly [string, Uint8Array, "003" | "004" | undefined])[] = [
    ["first, chunk 0", stream003({ request: { case: "audioChunk", value: { ...chunk, sequence: 0n } } }), "003"],
    ["first, chunk 7", stream003({ request: { case: "audioChunk", value: { ...chunk, sequence: 7n } } }), "003"],
    ["first, at a time", stream003({ request: { case: "audioChunk", value: { ...chunk, timestampMs: 9n } } }), "003"],
    ["first, close", stream003({ request: { case: "control", value: { command: 1 } } }), "003"],
    ["first, empty control", stream003({ request: { case: "control", value: {} } }), "003"],
    ["second, chunk 0", stream004({ request: { case: "dataChunk", value: { nodeId: "p", buffer: data } } }), "004"],
    [
      "second, chunk 7",
      stream004({ request: { case: "dataChunk", value: { nodeId: "p", buffer: data, sequence: 7n } } }),
      "004",
    ],
    [
      "second, at a time",
      stream004({ request: { case: "dataChunk", value: { nodeId: "p", buffer: data, timestampMs: 7n } } }),
      "004",
    ],
    [
      "second, by ports",
      stream004({ request: { case: "dataChunk", value: { nodeId: "p", namedBuffers: { in: data } } } }),
      "004",
    ],
    ["second, audio chunk", stream004({ request: { case: "audioChunk", value: { ...chunk, sequence: 1n } } }), "004"],
    ["second, close", stream004({ request: { case: "control", value: { command: 1 } } }), "004"],
    ["either, empty", new Uint8Array(), undefined],
  ];
  for (const [name, bytes, expected] of messages) {
    it(`StreamRequest: ${name}`, () => assert.equal(generationOfStreamRequest(bytes), expected));
  }

  it("init: only its data inputs tell", () => {
    const plain = { manifest: PASS, clientVersion: "v1", expectedChunkSize: 160n };
    assert.deepEqual(
      stream003({ request: { case: "init", value: plain } }),
      stream004({ request: { case: "init", value: plain } }),
    );
    assert.equal(generationOfInit(stream003({ request: { case: "init", value: plain } })), undefined);
    for (const text of ["{}", "1", '"text"', "null", "[1,2]", "-0.5"]) {
      const init = { ...plain, dataInputs: { pass: text } };
      assert.equal(generationOfInit(stream003({ request: { case: "init", value: init } })), "003", text);
    }
    const init = { ...plain, dataInputs: { pass: data } };
    assert.equal(generationOfInit(stream004({ request: { case: "init", value: init } })), "004");
  });
});

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

  const SCHEMAS_003 = [V003.ExecuteRequestSchema, V003.ExecuteResponseSchema] as const;
  const SCHEMAS_004 = [V004.ExecuteRequestSchema, V004.ExecuteResponseSchema] as const;
  const STREAM_003 = [V003.StreamRequestSchema, V003.StreamResponseSchema] as const;
  const STREAM_004 = [V004.StreamRequestSchema, V004.StreamResponseSchema] as const;

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

  const BAD_MANIFESTS: readonly (readonly [string, object, string])[] = [
    ["unknown node type", { version: "v1", nodes: [{ id: "bad", nodeType: "NonExistentNode" }] }, "bad"],
    ["repeated id", { version: "v1", nodes: [{ id: "a", nodeType: "Echo" }, { id: "a", nodeType: "Echo" }] }, "a"],
    ["no version", { nodes: [{ id: "a", nodeType: "Echo" }] }, ""],
    ["no node", { version: "v1" }, ""],
    ["a cycle", {
      version: "v1",
      nodes: [{ id: "a", nodeType: "Echo" }, { id: "b", nodeType: "Echo" }],
      connections: [{ from: "a", to: "b" }, { from: "b", to: "a" }],
    }, ""],
    ["parameters that are not JSON", { version: "v1", nodes: [{ id: "a", nodeType: "Echo", params: "{" }] }, ""],
    [
      "wrong parameters",
      { version: "v1", nodes: [{ id: "a", nodeType: "audio.gain", params: '{"gainDb":"loud"}' }] },
      "a",
    ],
  ];
  for (const [name, manifest, nodeId] of BAD_MANIFESTS) {
    it(`tells of a manifest with ${name}, in both calls of both generations`, async () => {
      for (const schemas of [SCHEMAS_003, SCHEMAS_004] as const) {
        const { outcome } = await client.call(METHODS.execute, schemas as typeof SCHEMAS_003, {
          manifest,
          clientVersion: "v1",
        });
        assert.ok(outcome.case === "error");
        assert.equal(outcome.value.errorType, 1);
        assert.equal(outcome.value.failingNodeId, nodeId, outcome.value.message);
      }
      for (const schemas of [STREAM_003, STREAM_004] as const) {
        const { answers, code } = await converse(client, schemas as typeof STREAM_003, [
          { request: { case: "init", value: { manifest, clientVersion: "v1" } } },
        ]);
        assert.deepEqual(answers.map(({ response }) => response.case), ["error"]);
        const error = answers[0]?.response;
        assert.ok(error?.case === "error" && error.value.errorType === 1, show(error));
        assert.equal(code, 0);
      }
    });
  }

  it("lists faults of parameters in the form that clients look for", async () => {
    const { outcome } = await client.call(METHODS.execute, SCHEMAS_004, {
      manifest: { version: "v1", nodes: [{ id: "a", nodeType: "audio.gain", params: '{"gainDb":"loud"}' }] },
      clientVersion: "v1",
    });
    assert.ok(outcome.case === "error");
    const [fault] = JSON.parse(outcome.value.message) as [Record<string, string>];
    assert.deepEqual([fault.node_id, fault.node_type, fault.path], ["a", "audio.gain", "gainDb"]);
    assert.equal(outcome.value.context, "1 validation error(s) in node parameters");
  });

  it("tells of a node that fails: its id, and that it is the node; a crash is internal", async () => {
    for (const [type, errorType] of [["throw", 2], ["exit", 6], ["throw-create", 2]] as const) {
      const manifest = { version: "v1", nodes: [{ id: "faulty", nodeType: `fault.${type}` }] };
      const { outcome } = await client.call(METHODS.execute, SCHEMAS_003, {
        manifest,
        dataInputs: { faulty: "1" },
        clientVersion: "v1",
      });
      assert.ok(outcome.case === "error", type);
      assert.deepEqual(
        [outcome.value.errorType, outcome.value.failingNodeId],
        [errorType, "faulty"],
        outcome.value.message,
      );
      const { answers, code } = await converse(client, STREAM_003, [
        { request: { case: "init", value: { manifest, clientVersion: "v1", dataInputs: { faulty: "1" } } } },
      ]);
      const last = answers.at(-1)?.response;
      assert.ok(last?.case === "error" && last.value.errorType === errorType, `${type}: ${last?.case}`);
      assert.equal(code, 0);
    }
  });

  it("data of a kind that a node does not take: 7 for the second generation, 1 for the first, which knows no 7", async () => {
    const manifest = { version: "v1", nodes: [{ id: "gain", nodeType: "audio.gain" }] };
    const second = await client.call(METHODS.execute, SCHEMAS_004, {
      manifest,
      dataInputs: { gain: { dataType: { case: "json", value: { jsonPayload: "1" } } } },
      clientVersion: "v1",
    });
    assert.ok(second.outcome.case === "error" && second.outcome.value.errorType === 7);
    const first = await client.call(METHODS.execute, SCHEMAS_003, {
      manifest,
      dataInputs: { gain: "1" },
      clientVersion: "v1",
    });
    assert.ok(first.outcome.case === "error" && first.outcome.value.errorType === 1);
    // What the manifest itself declares is held as well.
    const declared = { version: "v1", nodes: [{ id: "p", nodeType: "PassThrough", inputTypes: [1] }] };
    const { answers } = await converse(client, STREAM_004, [
      { request: { case: "init", value: { manifest: declared, clientVersion: "v1" } } },
      {
        request: {
          case: "dataChunk",
          value: { nodeId: "p", buffer: { dataType: { case: "json", value: { jsonPayload: "1" } } } },
        },
      },
    ]);
    const last = answers.at(-1)?.response;
    assert.ok(last?.case === "error" && last.value.errorType === 7);
  });

  it("data that the first generation has no form for is an error, not nonsense", async () => {
    const manifest = { version: "v1", nodes: [{ id: "b", nodeType: "probe.binary" }] };
    const { outcome } = await client.call(METHODS.execute, SCHEMAS_003, {
      manifest,
      dataInputs: { b: "1" },
      clientVersion: "v1",
    });
    assert.ok(outcome.case === "error");
    assert.match(outcome.value.message, /generation/);
  });
});
