/** How errors are told to clients of either generation. */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createRuntime, type Runtime } from "../../mod.ts";
import { createService, type Service } from "../../remote/mod.ts";
import { testPlugin } from "../_support/runtime.ts";
import { SCHEMAS_003, SCHEMAS_004, show, STREAM_003, STREAM_004 } from "./_generations_kit.ts";
import { converse, METHODS, RawClient } from "./_service_kit.ts";

describe("a service, when something is wrong", () => {
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
