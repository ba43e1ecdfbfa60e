/** The short way for one-shot runs gives what the long way gives. */

import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Manifest, RuntimeData } from "../../mod.ts";
import { DataBufferSchema, PipelineManifestSchema } from "../../remote/gen/v004/remotemedia/v1/common_pb.ts";
import { codec004 } from "../../remote/wire/codec_004.ts";
import { readDataBuffer } from "../../remote/wire/data_buffer.ts";
import { readUsualExecute, writeUsualExecute } from "../../remote/wire/execute_request.ts";
import { readUsualExecuteResult, writeExecuteResult } from "../../remote/wire/execute_result.ts";
import { generationOfExecuteRequest } from "../../remote/wire/generation.ts";
import { readManifest, readManifestBytes, writeManifestBytes } from "../../remote/wire/manifest.ts";
import { Random } from "../_support/random.ts";
import { encode, V003, V004 } from "./_service_kit.ts";

const PEER = { isOurs: true };
const MANIFEST: Manifest = { version: "v1", nodes: [{ id: "n", node_type: "t", params: { a: [1, { b: "ü" }] } }] };

function randomValue(random: Random): RuntimeData {
  const timestampUs = random.integer(0, 1) === 0 ? undefined : random.integer(0, 1e9);
  const metadata = random.integer(0, 3) > 0 ? undefined : { k: "ü".repeat(random.integer(0, 90)), n: 5 };
  const common = { timestampUs, metadata };
  switch (random.integer(0, 4)) {
    case 0: {
      const samples = Float32Array.from({ length: 2 * random.integer(0, 300) }, () => random.unit());
      return RuntimeData.audio({ samples, sampleRate: 16_000, channels: 2, ...common });
    }
    case 1:
      return RuntimeData.text("tü".repeat(random.integer(0, 200)), common);
    case 2:
      return RuntimeData.binary(Uint8Array.from({ length: random.integer(0, 300) }, () => 7), common);
    default:
      return RuntimeData.json({ text: "ü\ud800".repeat(random.integer(0, 200)), n: [random.unit(), null, {}] }, common);
  }
}

function randomValues(random: Random, isUsual: boolean): { readonly [name: string]: RuntimeData } {
  const values: [string, RuntimeData][] = [];
  while (values.length < random.integer(0, 4)) {
    const value = randomValue(random);
    const hasShortWay = value.type === "json" || value.type === "audio";
    if (!isUsual || hasShortWay && (value.metadata === undefined || value.type === "json")) {
      values.push([`${"ä".repeat(random.integer(0, 90))}${values.length}`, value]);
    }
  }
  return Object.fromEntries(values);
}

function randomMetrics(random: Random) {
  const some = () => random.integer(0, 1) * random.unit();
  const count = () => BigInt(random.integer(0, 1)) * 2n ** BigInt(random.integer(0, 63));
  const node = () => ({ executionTimeMs: some(), memoryBytes: count(), processed: count(), customMetrics: '{"ü":1}' });
  return {
    wallTimeMs: some(),
    cpuTimeMs: some(),
    memoryUsedBytes: count(),
    nodes: Object.fromEntries(Array.from({ length: random.integer(0, 4) }, (_, i) => [`n${i}`, node()])),
    serializationTimeMs: some(),
    dataTypeBreakdown: Object.fromEntries(["audio", "json"].slice(random.integer(0, 2)).map((kind) => [kind, count()])),
  };
}

describe("the short way for one-shot runs", () => {
  it("writes a request that the long way reads, and reads it as the long way does", () => {
    const random = new Random(21);
    for (let i = 0; i < 300; i++) {
      const isUsual = i % 2 === 0;
      const inputs = randomValues(random, isUsual);
      const message = writeUsualExecute(writeManifestBytes(MANIFEST), inputs, { clientVersion: "v1", peer: PEER });
      const long = codec004.readExecute(message, PEER);
      const valuesOf = (call: typeof long) =>
        Object.fromEntries(call.inputs.map(({ nodeId, read }) => [nodeId, read()]));
      const expected = valuesOf(long);
      assert.deepEqual(Object.keys(expected).toSorted(), Object.keys(inputs).toSorted());
      const short = readUsualExecute(message, PEER);
      if (isUsual) assert.ok(short !== undefined);
      if (short === undefined) continue;
      assert.deepEqual(valuesOf(short), expected);
      assert.equal(generationOfExecuteRequest(message), "004");
      assert.deepEqual(readManifest(short.manifest!), MANIFEST_READ);
      assert.deepEqual([short.limits, short.clientVersion], [long.limits, "v1"]);
    }
  });

  it("writes an answer that the long way reads, and reads it as the long way does", () => {
    const random = new Random(22);
    for (let i = 0; i < 300; i++) {
      const isUsual = i % 2 === 0;
      const outputs = randomValues(random, isUsual);
      const metrics = randomMetrics(random);
      const written = writeExecuteResult(Object.entries(outputs), metrics, PEER);
      const { outcome } = fromBinary(V004.ExecuteResponseSchema, written);
      assert.ok(outcome.case === "result");
      const { nodes, ...rest } = metrics;
      const nodeMetrics = Object.fromEntries(
        Object.entries(nodes).map(([id, { processed, ...node }]) => [id, { ...node, itemsProcessed: processed }]),
      );
      const long = create(V004.ExecutionResultSchema, { metrics: { ...rest, nodeMetrics } }).metrics;
      assert.deepEqual(outcome.value.metrics, long);
      assert.equal(outcome.value.status, V004.ExecutionStatus.SUCCESS);
      const expected = Object.fromEntries(
        Object.entries(outcome.value.dataOutputs).map(([key, buffer]) => [key, readDataBuffer(buffer, PEER)]),
      );
      assert.deepEqual(Object.keys(expected).toSorted(), Object.keys(outputs).toSorted());
      const short = readUsualExecuteResult(written, PEER);
      if (isUsual) assert.ok(short !== undefined);
      if (short === undefined) continue;
      assert.deepEqual(short, { outputs: expected, metrics: { ...rest, nodeMetrics } });
    }
  });

  it("leaves everything unusual to the long way", () => {
    const json = (value: object = { jsonPayload: "1" }) => ({ dataType: { case: "json", value } });
    const request = (value: object) => encode(V004.ExecuteRequestSchema, value);
    const manifest = { version: "v1" };
    const plain = request({ manifest, dataInputs: { a: json() }, clientVersion: "v1" });
    assert.ok(readUsualExecute(plain, PEER) !== undefined);
    const entry = toBinary(DataBufferSchema, create(DataBufferSchema, json() as never));
    const twice = Uint8Array.of(0x12, entry.length + 5, 0x0a, 1, 0x61, 0x12, entry.length, ...entry);
    const unusual = [
      new Uint8Array(),
      plain.subarray(0, plain.length - 1),
      Uint8Array.of(...plain, ...plain),
      Uint8Array.of(...plain, ...twice),
      Uint8Array.of(...plain, 0x38, 1),
      request({ manifest, dataInputs: { a: json() } }),
      request({ manifest, clientVersion: "1" }),
      request({ dataInputs: { a: json() }, clientVersion: "v1" }),
      request({ manifest, resourceLimits: { maxTimeoutMs: 5n }, clientVersion: "v1" }),
      request({ manifest, dataInputs: { a: {} }, clientVersion: "v1" }),
      request({ manifest, dataInputs: { a: json({ jsonPayload: "1", schemaType: "s" }) }, clientVersion: "v1" }),
      request({ manifest, dataInputs: { a: { dataType: { case: "text", value: {} } } }, clientVersion: "v1" }),
      encode(V003.ExecuteRequestSchema, { manifest, resourceLimits: { maxTimeoutMs: 5n } }),
      encode(V003.ExecuteRequestSchema, { manifest, clientVersion: "v1" }),
    ];
    for (const [i, message] of unusual.entries()) assert.equal(readUsualExecute(message, PEER), undefined, `${i}`);
    const answer = (outcome: object) => encode(V004.ExecuteResponseSchema, { outcome });
    const success = { status: V004.ExecutionStatus.SUCCESS, metrics: {}, dataOutputs: { a: json() } };
    assert.ok(readUsualExecuteResult(answer({ case: "result", value: success }), PEER) !== undefined);
    const others = [
      answer({ case: "error", value: { message: "m" } }),
      answer({ case: "result", value: { ...success, status: V004.ExecutionStatus.PARTIAL_SUCCESS } }),
      answer({ case: "result", value: { ...success, metrics: undefined } }),
      answer({ case: "result", value: { ...success, metrics: { protoToRuntimeMs: 1 } } }),
      answer({ case: "result", value: { ...success, nodeResults: [{ nodeId: "n" }] } }),
      answer({ case: "result", value: { ...success, dataOutputs: { a: { dataType: { case: "text", value: {} } } } } }),
    ];
    for (const [i, message] of others.entries()) {
      assert.equal(readUsualExecuteResult(message, PEER), undefined, `answer ${i}`);
    }
  });
});

const MANIFEST_READ = {
  version: "v1",
  metadata: { name: "", description: "", created_at: "" },
  nodes: [{ id: "n", node_type: "t", params: { a: [1, { b: "ü" }] }, is_streaming: false }],
  connections: [],
};

describe("manifests on the wire", () => {
  it("are the same object where their bytes are the same, and other objects where they are not", () => {
    const bytesOf = (id: string) => writeManifestBytes({ version: "v1", nodes: [{ id, node_type: "t" }] });
    assert.equal(readManifestBytes(bytesOf("a")), readManifestBytes(bytesOf("a").slice()));
    assert.notEqual(readManifestBytes(bytesOf("a")), readManifestBytes(bytesOf("b")));
    for (let i = 0; i < 200; i++) {
      assert.equal(readManifestBytes(bytesOf(`n${i}`)).nodes[0]?.id, `n${i}`);
      assert.equal(fromBinary(PipelineManifestSchema, bytesOf(`n${i % 50}`)).nodes[0]?.id, `n${i % 50}`);
    }
    // Too long to be remembered.
    const long = bytesOf("x".repeat(100_000));
    assert.notEqual(readManifestBytes(long), readManifestBytes(long));
    assert.throws(() => readManifestBytes(Uint8Array.of(0x0a, 200)));
  });
});
