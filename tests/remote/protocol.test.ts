/** What the protocol says of calls and streams, point by point, where no other test comes by. */

import { fromBinary } from "@bufbuild/protobuf";
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createRuntime, type Manifest, type Runtime } from "../../mod.ts";
import {
  type DataBuffer,
  DataTypeHint,
  PipelineManifestSchema,
  PixelFormat,
  RuntimeHint as WireHint,
  TensorDtype,
  VideoCodec,
} from "../../remote/gen/v004/remotemedia/v1/common_pb.ts";
import { createService, RuntimeHint, type Service } from "../../remote/mod.ts";
import { writeManifestBytes } from "../../remote/wire/manifest.ts";
import { audioBuffer, f32, PASS, SCHEMAS_003, SCHEMAS_004, STREAM_003, STREAM_004 } from "./_generations_kit.ts";
import { converse, encode, METHODS, RawClient, V003, V004 } from "./_service_kit.ts";

describe("the protocol", () => {
  let runtime: Runtime;
  let service: Service;
  let client: RawClient;
  let address: string;
  before(async () => {
    runtime = await createRuntime();
    service = await createService(runtime, { listen: "127.0.0.1:0" });
    address = `127.0.0.1:${service.address.port}`;
    client = new RawClient(address);
  });
  after(async () => {
    client.close();
    await service.close();
    await runtime.close();
  });

  const init = (value: object = {}) => ({
    request: { case: "init", value: { manifest: PASS, clientVersion: "session1", ...value } },
  });
  const json = (value: unknown) => ({ dataType: { case: "json", value: { jsonPayload: JSON.stringify(value) } } });
  const data = (value: object) => ({ request: { case: "dataChunk", value: { nodeId: "pass", ...value } } });
  const control = (command: number) => ({ request: { case: "control", value: { command } } });

  it("ready says what chunk the service would like, and how long it holds values back", async () => {
    const ids = new Set<string>();
    for (const [expectedChunkSize, recommended] of [[0n, 4096n], [1n, 1n], [160n, 160n]] as const) {
      const { answers } = await converse(client, STREAM_004, [init({ expectedChunkSize })]);
      assert.equal(answers.length, 1);
      const ready = answers[0]?.response;
      assert.ok(ready?.case === "ready");
      assert.deepEqual([ready.value.recommendedChunkSize, ready.value.maxBufferLatencyMs], [recommended, 100n]);
      ids.add(ready.value.sessionId);
    }
    assert.equal(ids.size, 3);
  });

  it("each control command closes with a reason of its own, in both generations, and without a half-close", async () => {
    const reasons = ["Unspecified", "Client requested close", "Client requested cancel"];
    for (const [schemas, message] of [[STREAM_003, V003], [STREAM_004, V004]] as const) {
      for (const [command, reason] of reasons.entries()) {
        const stream = client.stream();
        const reading = stream.readAll();
        await stream.write(encode(message.StreamRequestSchema, init()));
        await stream.write(encode(message.StreamRequestSchema, control(command)));
        const answers = (await reading).map((bytes) => fromBinary(schemas[1] as typeof STREAM_004[1], bytes).response);
        assert.deepEqual(answers.map((answer) => answer.case), ["ready", "closed"], reason);
        const closed = answers[1];
        assert.ok(closed?.case === "closed");
        assert.equal(closed.value.reason, reason);
        assert.equal(closed.value.sessionId, answers[0]?.case === "ready" ? answers[0].value.sessionId : "");
        assert.equal((await stream.ended).code, 0);
      }
    }
  });

  it("final metrics: how long, how much work, the most bytes, kinds, and each node", async () => {
    const { answers } = await converse(client, STREAM_004, [
      init(),
      data({ buffer: json({ a: 1 }) }),
      data({ buffer: { dataType: { case: "audio", value: audioBuffer([1, 2]) } }, sequence: 1n }),
      control(1),
    ]);
    const closed = answers.at(-1)?.response;
    assert.ok(closed?.case === "closed");
    const { wallTimeMs, cpuTimeMs, memoryUsedBytes, dataTypeBreakdown, nodeMetrics } = closed.value.finalMetrics ?? {};
    assert.ok((wallTimeMs ?? 0) > 0 && (cpuTimeMs ?? -1) >= 0 && (memoryUsedBytes ?? 0n) >= 8n);
    assert.deepEqual(dataTypeBreakdown, { json: 1n, audio: 1n });
    assert.equal(nodeMetrics?.["pass"]?.itemsProcessed, 2n);
  });

  it("metrics come after every tenth result, and say how many values and samples there were", async () => {
    const chunks = Array.from({ length: 20 }, (_, i) =>
      data({
        buffer: { dataType: { case: "audio", value: audioBuffer([1, 2]) } },
        sequence: BigInt(i),
      }));
    const { answers } = await converse(client, STREAM_004, [init(), ...chunks, control(1)]);
    const metrics = answers.flatMap(({ response }) => response.case === "metrics" ? [response.value] : []);
    assert.deepEqual(metrics.map(({ chunksProcessed }) => chunksProcessed), [10n, 20n]);
    const [, last] = metrics;
    assert.ok(last !== undefined && last.totalItems === 20n && last.averageLatencyMs > 0);
    assert.deepEqual([last.bufferItems, last.chunksDropped, last.dataTypeBreakdown], [0n, 0n, { audio: 20n }]);
    assert.ok(last.peakMemoryBytes >= 8n);
  });

  it("of named buffers a node with one input takes input, else its port, else the first", async () => {
    const cases = [[["x", "input"], "input"], [["x", "in"], "in"], [["x"], "x"]] as const;
    for (const [names, taken] of cases) {
      const namedBuffers = Object.fromEntries(names.map((name) => [name, json(name)]));
      const { answers } = await converse(client, STREAM_004, [init(), data({ namedBuffers }), control(1)]);
      const results = answers.flatMap(({ response }) => response.case === "result" ? [response.value] : []);
      assert.equal(results.length, 1);
      const output = results[0]?.dataOutputs["pass"]?.dataType;
      assert.equal(output?.case === "json" && output.value.jsonPayload, JSON.stringify(taken));
    }
  });

  it("initial inputs of a stream come before its chunks, in both generations", async () => {
    const first = await converse(client, STREAM_003, [init({ dataInputs: { pass: '{"a":1}' } }), control(1)]);
    const second = await converse(client, STREAM_004, [init({ dataInputs: { pass: json({ a: 1 }) } }), control(1)]);
    const [one] = first.answers.flatMap(({ response }) => response.case === "result" ? [response.value] : []);
    const [two] = second.answers.flatMap(({ response }) => response.case === "result" ? [response.value] : []);
    assert.equal(one?.dataOutputs["pass"], '{"a":1}');
    assert.equal(two?.dataOutputs["pass"]?.dataType.case, "json");
  });

  it("samples: integers by 2^15 and 2^31, what is cut off is left out, channels stay, in both generations", async () => {
    const buffers = [
      [2, new Uint8Array(Int16Array.of(16_384, -32_768, 8_192, 0).buffer), f32(0.5, -1, 0.25, 0)],
      [3, new Uint8Array(Int32Array.of(2 ** 30, -(2 ** 31)).buffer), f32(0.5, -1)],
      [1, Uint8Array.of(...f32(0.5, -1), 1, 2, 3), f32(0.5, -1)],
    ] as const;
    for (const [format, samples, expected] of buffers) {
      const value = { samples, sampleRate: 8000, channels: 2, format, numSamples: 2n };
      const first = await client.call(METHODS.execute, SCHEMAS_003, {
        manifest: PASS,
        audioInputs: { pass: value },
        clientVersion: "v1",
      });
      const second = await client.call(METHODS.execute, SCHEMAS_004, {
        manifest: PASS,
        dataInputs: { pass: { dataType: { case: "audio", value } } },
        clientVersion: "v1",
      });
      assert.ok(first.outcome.case === "result" && second.outcome.case === "result");
      const audio = second.outcome.value.dataOutputs["pass"]?.dataType;
      const outputs = [first.outcome.value.audioOutputs["pass"], audio?.case === "audio" ? audio.value : undefined];
      for (const output of outputs) {
        assert.deepEqual([output?.format, output?.channels, output?.sampleRate], [1, 2, 8000]);
        assert.deepEqual(output?.samples, expected);
        assert.equal(output?.numSamples, BigInt(expected.length / 4));
      }
    }
  });

  it("every pixel format, codec and tensor type comes back, and metadata of audio", async () => {
    const enumValues = (names: object) =>
      Object.values(names).filter((value): value is number => typeof value === "number" && value > 0);
    const sizes: Record<number, number> = { 1: 12, 2: 16, 3: 6, 4: 4, 5: 6, 6: 6, 255: 5 };
    const frames = enumValues(PixelFormat).flatMap((format) =>
      (format === PixelFormat.ENCODED ? enumValues(VideoCodec) : [0]).map((codec) => ({
        case: "video",
        value: {
          pixelData: new Uint8Array(sizes[format] ?? 0).fill(9),
          width: 2,
          height: 2,
          format,
          codec,
          isKeyframe: codec > 0,
          frameNumber: 7n,
          timestampUs: 11n,
        },
      }))
    );
    const widths: Record<number, number> = { 1: 4, 2: 2, 3: 4, 4: 1, 5: 1 };
    const tensors = enumValues(TensorDtype).map((dtype) => ({
      case: "tensor",
      value: { data: new Uint8Array(6 * (widths[dtype] ?? 0)).fill(1), shape: [2n, 3n], dtype, layout: "NC" },
    }));
    const metadataJson = new TextEncoder().encode('{"speaker":"a","turn":{"n":1}}');
    const values = [...frames, ...tensors, { case: "audio", value: { ...audioBuffer([1]), metadataJson } }];
    const ids = values.map((_, i) => `n${i}`);
    const { outcome } = await client.call(METHODS.execute, SCHEMAS_004, {
      manifest: { version: "v1", nodes: ids.map((id) => ({ id, nodeType: "PassThrough" })) },
      dataInputs: Object.fromEntries(ids.map((id, i) => [id, { dataType: values[i] }])),
      clientVersion: "v1",
    });
    assert.ok(outcome.case === "result", outcome.case === "error" ? outcome.value.message : "");
    for (const [i, { case: kind, value }] of values.entries()) {
      const output: DataBuffer["dataType"] | undefined = outcome.value.dataOutputs[`n${i}`]?.dataType;
      assert.equal(output?.case, kind);
      for (const [field, expected] of Object.entries(value)) {
        assert.deepEqual((output.value as unknown as Record<string, unknown>)[field], expected, `n${i} ${field}`);
      }
    }
  });

  it("a request without inputs runs; headers of other clients do no harm, and decide where messages do not", async () => {
    const headers = { "x-client": "python", "x-preview-features": "gpt5-codex" };
    using python = new RawClient(address, { headers });
    const request = encode(V004.ExecuteRequestSchema, { manifest: PASS });
    const status = (
      Schema: typeof V003.ExecuteResponseSchema | typeof V004.ExecuteResponseSchema,
      bytes: Uint8Array,
    ) => {
      const { outcome } = fromBinary(Schema as typeof V004.ExecuteResponseSchema, bytes);
      return outcome.case === "result" ? outcome.value.status : outcome.case;
    };
    assert.equal(status(V004.ExecuteResponseSchema, await client.unary(METHODS.execute, request)), 1);
    assert.equal(status(V003.ExecuteResponseSchema, await python.unary(METHODS.execute, request)), 1);
  });

  it("a kind that the manifest does not name for a node is refused, each by its hint; any lets all in", async () => {
    const { UNSPECIFIED: _none, ...hints } = DataTypeHint as unknown as Record<string, number>;
    for (const hint of Object.values(hints).filter((value) => typeof value === "number" && value > 0)) {
      const manifest = { version: "v1", nodes: [{ id: "pass", nodeType: "PassThrough", inputTypes: [hint] }] };
      const { answers } = await converse(client, STREAM_004, [
        init({ manifest }),
        data({ buffer: json(1) }),
        control(1),
      ]);
      const isTaken = hint === DataTypeHint.JSON || hint === DataTypeHint.ANY;
      assert.equal(answers.at(-1)?.response.case, isTaken ? "closed" : "error", `hint ${hint}`);
    }
  });

  it("hints for runtimes and hosts are sent on as the protocol numbers them", () => {
    const numbers = {
      [RuntimeHint.auto]: WireHint.AUTO,
      [RuntimeHint.rustPython]: WireHint.RUSTPYTHON,
      [RuntimeHint.cpython]: WireHint.CPYTHON,
      [RuntimeHint.cpythonWasm]: WireHint.CPYTHON_WASM,
    };
    for (const [hint, number] of Object.entries(numbers)) {
      const node = { id: "n", node_type: "t", runtime_hint: hint, host: "gpu-box" } as Manifest["nodes"][number];
      const wire = fromBinary(PipelineManifestSchema, writeManifestBytes({ version: "v1", nodes: [node] }));
      assert.deepEqual([wire.nodes[0]?.runtimeHint, wire.nodes[0]?.host], [number, "gpu-box"]);
    }
  });
});
