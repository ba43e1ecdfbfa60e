import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { checkManifest } from "../../core/pipeline/manifest.ts";
import { COMPLETE, MINIMAL, NODE } from "./_manifests.ts";

function problemsOf(value: unknown): string[] {
  const { manifest, problems } = checkManifest(value);
  assert.equal(manifest, undefined);
  assert.ok(problems.length > 0);
  return problems.map(({ path, message, received, expected }) =>
    `${path} ${message}; ${received ?? "-"}; ${expected ?? "-"}`
  );
}

describe("checkManifest", () => {
  it("takes every form that other tools write", () => {
    const { manifest } = checkManifest(COMPLETE);
    assert.deepEqual(manifest?.nodes, [{
      id: "a",
      node_type: "t",
      params: { deep: [1, { x: null }] },
      is_streaming: true,
      is_output_node: true,
    }]);
    assert.equal(manifest?.metadata?.name, "n");
    assert.equal("unknown" in (manifest ?? {}), false);
  });

  it("takes null for what other tools write as null", () => {
    const metadata = { name: "", description: null, created_at: null };
    assert.ok(checkManifest({ ...MINIMAL, metadata, nodes: [{ ...NODE, params: null, host: null }] }).manifest);
  });

  it("fills in what may be left out", () => {
    const { manifest } = checkManifest(MINIMAL);
    assert.deepEqual([manifest?.connections, manifest?.nodes[0]?.is_output_node], [[], false]);
    for (const params of [5, "x", false, [1], {}, null]) {
      assert.deepEqual(checkManifest({ ...MINIMAL, nodes: [{ ...NODE, params }] }).manifest?.nodes[0]?.params, params);
    }
  });

  it("takes what a node and a connection say of their flow, within its bounds, and adds nothing", () => {
    const nodes = [
      { ...NODE, segment: "s", fuse: true, deadline_ms: 1, on_error: "skip", retry: { max_attempts: 1 } },
      {
        ...{ ...NODE, fuse: false, deadline_ms: 86_400_000, on_error: "fail" },
        retry: { max_attempts: 1_000, initial_delay_ms: 0, max_delay_ms: 3_600_000 },
      },
    ];
    const connections = [
      { from: "a", to: "b", max_items: 1, when_full: "block" },
      { from: "a", to: "b", max_items: 65_536, when_full: "drop-oldest" },
      { from: "a", to: "b", when_full: "drop-newest" },
    ];
    const { manifest } = checkManifest({ ...MINIMAL, nodes, connections });
    assert.deepEqual(manifest?.nodes, nodes.map((node) => ({ ...node, is_output_node: false })));
    assert.deepEqual(manifest?.connections, connections);
  });

  it("does not change the document", () => {
    const document = { version: "v1", nodes: [{ id: "a", node_type: "t", extra: 1 }] };
    checkManifest(document);
    assert.deepEqual(document, { version: "v1", nodes: [{ id: "a", node_type: "t", extra: 1 }] });
  });

  it("takes the manifest of the demo", async () => {
    const { parse } = await import("yaml");
    const text = await readFile(new URL("../../examples/demo/manifest.yaml", import.meta.url), "utf8");
    assert.deepEqual(checkManifest(parse(text)).problems, []);
  });

  const cases: readonly [string, unknown, string[]][] = [
    ["nothing", undefined, ["manifest is missing; -; an object"]],
    ["null", null, ["manifest is not right; null; an object"]],
    ["a text", "version: v1", ['manifest is not right; "version: v1"; an object']],
    ["an empty object", {}, ['version is missing; -; "v1"', "nodes is missing; -; an array of nodes"]],
    ["a list", [], ['version is missing; -; "v1"', "nodes is missing; -; an array of nodes"]],
    ["another version", { ...MINIMAL, version: "v2" }, ['version is not right; "v2"; "v1"']],
    ["a version that is a number", { ...MINIMAL, version: 1 }, ['version is not right; 1; "v1"']],
    ["no nodes", { ...MINIMAL, nodes: [] }, ["nodes is empty; []; at least 1"]],
    ["nodes by name", { ...MINIMAL, nodes: { a: NODE } }, [
      'nodes is not right; {"a":{"id":"a","node_type":"t"}}; an array',
    ]],
    ["metadata null", { ...MINIMAL, metadata: null }, ["metadata is not right; null; an object"]],
    ["a name that is a number", { ...MINIMAL, metadata: { name: 5 } }, ["metadata.name is not right; 5; a string"]],
    ["connections by name", { ...MINIMAL, connections: {} }, ["connections is not right; {}; an array"]],
    ["params that hold a function", { ...MINIMAL, nodes: [NODE, { ...NODE, params: { f: [() => {}] } }] }, [
      "nodes[1].params.f[0] cannot be written as JSON; a function; a JSON value",
    ]],
    ["everything wrong at once", {
      version: "1",
      nodes: [{ id: 1 }, { id: "", node_type: "" }, null, { ...NODE, is_output_node: "yes", is_streaming: 1 }],
      connections: [{ from: "a" }, 7, { from: "a", to: "b", from_port: 1, to_port: null }],
    }, [
      'version is not right; "1"; "v1"',
      "nodes[0].id is not right; 1; a string",
      "nodes[0].node_type is missing; -; a string",
      'nodes[1].id is empty; ""; at least 1',
      'nodes[1].node_type is empty; ""; at least 1',
      "nodes[2] is not right; null; an object",
      'nodes[3].is_output_node is not right; "yes"; true or false',
      "nodes[3].is_streaming is not right; 1; true or false",
      "connections[0].to is missing; -; a string",
      "connections[1] is not right; 7; an object",
      "connections[2].from_port is not right; 1; a string",
      "connections[2].to_port is not right; null; a string",
    ]],
    ["flow of nodes that is none", {
      ...MINIMAL,
      nodes: [
        { ...NODE, segment: "", fuse: "no", deadline_ms: 0, on_error: "ignore", retry: 3 },
        { ...NODE, segment: 7, fuse: null, deadline_ms: 1.5, on_error: null, retry: {} },
        { ...NODE, deadline_ms: 86_400_001, retry: { max_attempts: 0, initial_delay_ms: -1, max_delay_ms: 3_600_001 } },
        { ...NODE, deadline_ms: "50", retry: { max_attempts: 1_001, initial_delay_ms: 0.5 } },
      ],
    }, [
      'nodes[0].segment is empty; ""; at least 1',
      'nodes[0].fuse is not right; "no"; true or false',
      "nodes[0].deadline_ms is less than 1; 0; at least 1",
      'nodes[0].on_error is not right; "ignore"; "fail" or "skip"',
      "nodes[0].retry is not right; 3; an object",
      "nodes[1].segment is not right; 7; a string",
      "nodes[1].fuse is not right; null; true or false",
      "nodes[1].deadline_ms is not a whole number; 1.5; -",
      'nodes[1].on_error is not right; null; "fail" or "skip"',
      "nodes[1].retry.max_attempts is missing; -; a number",
      "nodes[2].deadline_ms is more than 86400000; 86400001; at most 86400000",
      "nodes[2].retry.max_attempts is less than 1; 0; at least 1",
      "nodes[2].retry.initial_delay_ms is less than 0; -1; at least 0",
      "nodes[2].retry.max_delay_ms is more than 3600000; 3600001; at most 3600000",
      'nodes[3].deadline_ms is not right; "50"; a number',
      "nodes[3].retry.max_attempts is more than 1000; 1001; at most 1000",
      "nodes[3].retry.initial_delay_ms is not a whole number; 0.5; -",
    ]],
    ["flow of connections that is none", {
      ...MINIMAL,
      connections: [
        { from: "a", to: "b", max_items: 0, when_full: "wait" },
        { from: "a", to: "b", max_items: 65_537, when_full: null },
        { from: "a", to: "b", max_items: 2.5 },
      ],
    }, [
      "connections[0].max_items is less than 1; 0; at least 1",
      'connections[0].when_full is not right; "wait"; "block" or "drop-oldest" or "drop-newest"',
      "connections[1].max_items is more than 65536; 65537; at most 65536",
      'connections[1].when_full is not right; null; "block" or "drop-oldest" or "drop-newest"',
      "connections[2].max_items is not a whole number; 2.5; -",
    ]],
  ];
  for (const [name, value, problems] of cases) {
    it(`refuses ${name}`, () => assert.deepEqual(problemsOf(value), problems));
  }

  it("refuses params that are cyclic or endless", () => {
    const cyclic: Record<string, unknown> = {};
    cyclic["self"] = cyclic;
    assert.match(problemsOf({ ...MINIMAL, nodes: [{ ...NODE, params: cyclic }] })[0] ?? "", /nested too deeply/);
  });
});
