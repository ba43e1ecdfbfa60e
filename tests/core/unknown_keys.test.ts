import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonSchema, NodeDescription } from "../../core/node/describe.ts";
import { unknownManifestKeys, unknownParams } from "../../core/pipeline/unknown_keys.ts";
import { createDefaultRegistry } from "../../workers/default_registry.ts";
import { COMPLETE, MINIMAL, NODE } from "./_manifests.ts";

describe("unknownManifestKeys", () => {
  it("finds none in what we or other tools write", () => {
    const connections = [{ from: "a", to: "a", from_port: "x", to_port: "y" }];
    assert.deepEqual(unknownManifestKeys({ ...COMPLETE, connections }), []);
  });

  it("names keys of nodes and connections, and the one that was meant", () => {
    const nodes = [NODE, { ...NODE, param: {}, colour: "red" }];
    const connections = [{ from: "a", to: "a", from_prot: "x" }];
    assert.deepEqual(unknownManifestKeys({ ...MINIMAL, nodes, connections }), [
      { path: "nodes[1].param", message: 'is ignored: nodes have no such key; did you mean "params"?' },
      { path: "nodes[1].colour", message: "is ignored: nodes have no such key" },
      {
        path: "connections[0].from_prot",
        message: 'is ignored: connections have no such key; did you mean "from_port"?',
      },
    ]);
  });

  it("takes anything", () => {
    for (const value of [undefined, null, 1, "x", [], {}, { nodes: {}, connections: 5 }, { nodes: [null, 1, [2]] }]) {
      assert.deepEqual(unknownManifestKeys(value), []);
    }
  });

  it("names parameters that a node does not have, by its type or an alias, where it is told who knows them", () => {
    const nodes = [
      { id: "a", node_type: "audio.gain", params: { gainDb: 3, gain_db: 2, colour: "red" } },
      { id: "b", node_type: "PassThrough", params: {} },
      { id: "c", node_type: "no.such", params: { x: 1 } },
    ];
    const manifest = { ...MINIMAL, nodes };
    assert.deepEqual(unknownManifestKeys(manifest), []);
    assert.deepEqual(unknownManifestKeys(manifest, createDefaultRegistry()), [
      {
        path: "nodes[0].params.gain_db",
        message: 'is ignored: audio.gain has no such parameter; did you mean "gainDb"?',
      },
      { path: "nodes[0].params.colour", message: "is ignored: audio.gain has no such parameter" },
    ]);
  });
});

describe("unknownParams", () => {
  const found = (paramsSchema: JsonSchema | undefined) => ({
    description: { type: "t", paramsSchema } as NodeDescription,
  });
  const closed = { type: "object", properties: { gain: { type: "number" } } };
  const namesOf = (schema: JsonSchema | undefined, params: unknown) =>
    [...unknownParams(found(schema), params, "p")].map(({ path }) => path);

  it("knows a schema that names all that there are", () => {
    for (const schema of [closed, { ...closed, additionalProperties: false }]) {
      assert.deepEqual(namesOf(schema, { gain: 1, gian: 2 }), ["p.gian"]);
    }
  });

  it("says nothing where there may be others", () => {
    const open: (JsonSchema | undefined)[] = [
      undefined,
      {},
      { type: "object" },
      { ...closed, additionalProperties: true },
      { ...closed, additionalProperties: { type: "string" } },
      { ...closed, patternProperties: { "^x": {} } },
      { ...closed, anyOf: [{}] },
      { anyOf: [closed] },
    ];
    for (const schema of open) assert.deepEqual(namesOf(schema, { gain: 1, gian: 2 }), [], JSON.stringify(schema));
  });

  it("looks at no schema that has more parameters than any node", () => {
    const properties = Object.fromEntries(Array.from({ length: 1_001 }, (_, i) => [`p${i}`, {}]));
    assert.deepEqual(namesOf({ type: "object", properties }, { gian: 2 }), []);
  });

  it("writes a key short, and on one line", () => {
    assert.deepEqual(namesOf(closed, { "a\nb": 1 }), ['p["a\\nb"]']);
    assert.ok((namesOf(closed, { ["x".repeat(1e6)]: 1 })[0] as string).length < 200);
  });

  it("takes anything", () => {
    for (const params of [undefined, null, 5, "x", [1], {}]) assert.deepEqual(namesOf(closed, params), []);
  });
});
