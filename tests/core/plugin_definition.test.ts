import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as v from "valibot";
import { type AnyNodeDefinition, checkPlugin, defineNode, definePlugin } from "../../core/node/define.ts";
import { describePlugin } from "../../core/node/describe.ts";
import { VERSION } from "../../core/version.ts";
import { toJsonSchema } from "../../workers/json_schema.ts";
import { thrownBy } from "../_support/errors.ts";

const NODE: AnyNodeDefinition = defineNode({
  type: "test.node",
  aliases: ["TestNode"],
  summary: "Does nothing.",
  params: v.object({ level: v.optional(v.number(), 1) }),
  inputs: { in: ["audio", "any"] },
  outputs: { out: ["text"] },
  create: () => ({ process() {} }),
});
const PLUGIN = { name: "test", version: "1.0.0", apiVersion: 1, nodes: [NODE] };

/** Paths of all problems that a change of the plugin makes. */
function pathsOf(plugin: unknown): string[] {
  const error = thrownBy(() => checkPlugin(plugin));
  assert.equal(error.reason, "invalid-plugin");
  for (const problem of error.problems) assert.ok(problem.expected !== undefined && problem.received !== undefined);
  return error.problems.map(({ path }) => path);
}
const withNode = (change: object) => ({ ...PLUGIN, nodes: [{ ...NODE, ...change }] });

describe("defineNode, definePlugin", () => {
  it("give back what they were given", () => {
    assert.equal(defineNode(NODE), NODE);
    assert.equal(definePlugin(PLUGIN), PLUGIN);
  });

  it("take plugins without nodes, nodes without ports, and every kind of name", () => {
    assert.equal(checkPlugin({ ...PLUGIN, nodes: [] }).nodes.length, 0);
    assert.equal(
      checkPlugin(withNode({ inputs: {}, outputs: {}, params: undefined, aliases: undefined })).name,
      "test",
    );
    for (const name of ["a", "@scope/name", "0", "a.b_c-d"]) assert.equal(checkPlugin({ ...PLUGIN, name }).name, name);
    for (const type of ["a", "a.b.c", "Upper-Case_9.0"]) assert.ok(checkPlugin(withNode({ type })));
  });

  it("take ports named like keys of a prototype", () => {
    assert.ok(checkPlugin(withNode({ inputs: { constructor: ["audio"], toString: ["any"] } })));
  });

  it("take a schema that is a function, as some libraries make", () => {
    const schema = Object.assign(() => {}, {
      "~standard": { version: 1, vendor: "x", validate: () => ({ value: 1 }) },
    });
    assert.ok(checkPlugin(withNode({ params: schema })));
  });
});

describe("checkPlugin", () => {
  it("refuses what is no plugin, and says who exported it", () => {
    for (const value of [undefined, null, 5, "plugin", () => {}]) {
      const error = thrownBy(() => checkPlugin(value, "file:///x.ts"));
      assert.equal(error.reason, "invalid-plugin");
      assert.match(
        error.message,
        /^\[failed-precondition\] file:\/\/\/x\.ts exports no plugin\n {2}- default: is not a plugin/,
      );
      assert.match(error.message, /export default definePlugin/);
    }
  });

  it("tells older from newer contracts", () => {
    const newer = thrownBy(() => checkPlugin({ ...PLUGIN, apiVersion: 2, nodes: "unreadable" }));
    assert.equal(newer.reason, "plugin-api-version");
    assert.match(newer.message, /Update @streamrack\/core/);
    assert.match(thrownBy(() => checkPlugin({ apiVersion: 0 })).message, /Update the plugin\./);
    for (const apiVersion of [undefined, "1", 1.5, NaN]) {
      assert.deepEqual(pathsOf({ ...PLUGIN, apiVersion }), ["apiVersion"]);
    }
  });

  it("tells a plugin that does not work with this version, before whatever else is wrong with it", () => {
    for (const streamrack of [VERSION, "*", ">=0.1.0-0", `^${VERSION} || 99`, undefined]) {
      assert.ok(checkPlugin({ ...PLUGIN, streamrack }));
    }
    const error = thrownBy(() => checkPlugin({ ...PLUGIN, streamrack: ">=99", nodes: "unreadable" }, "file:///x.ts"));
    assert.equal(error.reason, "plugin-version");
    assert.deepEqual(error.problems.map(({ path, received }) => [path, received]), [["streamrack", '">=99"']]);
    assert.match(error.message, new RegExp(`file:///x.ts does not work with version ${VERSION}`));
    // Another version of the contract says more.
    assert.equal(
      thrownBy(() => checkPlugin({ ...PLUGIN, apiVersion: 2, streamrack: ">=99" })).reason,
      "plugin-api-version",
    );
  });

  it("says where it wants to run, and not in a thread with native add-ons", () => {
    for (const wish of [{ tier: "process" }, { tier: "worker" }, { native: true }, { tier: "process", native: true }]) {
      assert.ok(checkPlugin({ ...PLUGIN, ...wish }));
    }
    assert.deepEqual(pathsOf({ ...PLUGIN, tier: "inline" }), ["tier"]);
    assert.deepEqual(pathsOf({ ...PLUGIN, native: "yes" }), ["native"]);
    assert.deepEqual(pathsOf({ ...PLUGIN, native: true, tier: "worker" }), ["tier"]);
  });

  it("reports everything at once", () => {
    const broken = {
      name: "A",
      version: "",
      nodes: [null, { type: "", aliases: [5], align: "all", params: {}, inputs: [], outputs: null }],
    };
    assert.deepEqual(pathsOf(broken), [
      "apiVersion",
      "name",
      "version",
      "nodes[0]",
      "nodes[1].type",
      "nodes[1].aliases[0]",
      "nodes[1].summary",
      "nodes[1].create",
      "nodes[1].align",
      "nodes[1].params",
      "nodes[1].outputs",
    ]);
  });

  const cases: readonly [string, unknown, string[]][] = [
    ["a name with spaces", { ...PLUGIN, name: "my plugin" }, ["name"]],
    ["a version that is none", { ...PLUGIN, version: "1.0" }, ["version"]],
    ["a version with a letter in front", { ...PLUGIN, version: "v1.0.0" }, ["version"]],
    ["a range that is none", { ...PLUGIN, streamrack: "newest" }, ["streamrack"]],
    ["a range that is a number", { ...PLUGIN, streamrack: 1 }, ["streamrack"]],
    ["no nodes", { ...PLUGIN, nodes: undefined }, ["nodes"]],
    ["nodes in an object", { ...PLUGIN, nodes: {} }, ["nodes"]],
    ["a hole among the nodes", { ...PLUGIN, nodes: [, NODE] }, ["nodes[0]"]],
    ["a type with a space", withNode({ type: "a b" }), ["nodes[0].type"]],
    ["a type that ends in a dot", withNode({ type: "a." }), ["nodes[0].type"]],
    ["a type that is __proto__", withNode({ type: "__proto__" }), ["nodes[0].type"]],
    ["aliases that are a text", withNode({ aliases: "abc" }), ["nodes[0].aliases"]],
    ["aliases that are a number", withNode({ aliases: 5 }), ["nodes[0].aliases"]],
    ["an alias that is the type", withNode({ aliases: ["test.node"] }), ["nodes[0].aliases[0]"]],
    ["the same type twice", { ...PLUGIN, nodes: [NODE, { ...NODE, aliases: [] }] }, ["nodes[1].type"]],
    ["the same alias twice", { ...PLUGIN, nodes: [NODE, { ...NODE, type: "b" }] }, ["nodes[1].aliases[0]"]],
    ["an empty summary", withNode({ summary: "" }), ["nodes[0].summary"]],
    ["params null", withNode({ params: null }), ["nodes[0].params"]],
    ["a schema of another version", withNode({ params: { "~standard": { version: 2 } } }), ["nodes[0].params"]],
    ["a port without kinds", withNode({ inputs: { in: [] } }), ["nodes[0].inputs.in"]],
    ["a port with an unknown kind", withNode({ outputs: { out: ["audio", "sound"] } }), ["nodes[0].outputs.out"]],
    ["a port whose kind stands alone", withNode({ outputs: { out: "audio" } }), ["nodes[0].outputs.out"]],
    ["a port name with a dash", withNode({ inputs: { "a-b": ["any"] } }), ["nodes[0].inputs"]],
    ["a port named then", withNode({ outputs: { then: ["any"] } }), ["nodes[0].outputs"]],
    ["permissions in a list", { ...PLUGIN, permissions: ["net"] }, ["permissions"]],
    ["a permission of no kind", { ...PLUGIN, permissions: { network: true } }, ["permissions.network"]],
    ["a permission under __proto__", { ...PLUGIN, permissions: JSON.parse('{"__proto__":true}') }, [
      "permissions.__proto__",
    ]],
    ["a permission that is denied", { ...PLUGIN, permissions: { net: false } }, ["permissions.net"]],
    ["a permission that is no list", { ...PLUGIN, permissions: { env: "TOKEN" } }, ["permissions.env"]],
    ["permissions with holes, or what splits a list", { ...PLUGIN, permissions: { read: [, "", "a,/", "a\0"] } }, [
      "permissions.read[0]",
      "permissions.read[1]",
      "permissions.read[2]",
      "permissions.read[3]",
    ]],
    ["too many permissions", { ...PLUGIN, permissions: { env: Array(257).fill("A") } }, ["permissions.env"]],
    ["a permission that is too long", { ...PLUGIN, permissions: { env: ["A".repeat(4097)] } }, ["permissions.env[0]"]],
    ["a list of ports", withNode({ inputs: ["audio"] }), ["nodes[0].inputs", "nodes[0].inputs.0"]],
  ];
  for (const [name, plugin, paths] of cases) {
    it(`refuses ${name}`, () => assert.deepEqual(pathsOf(plugin), paths));
  }
});

describe("describePlugin", () => {
  it("gives plain values, with the schema of the parameters", async () => {
    const description = await describePlugin(PLUGIN, toJsonSchema);
    assert.deepEqual(structuredClone(description), description);
    assert.deepEqual(JSON.parse(JSON.stringify(description)), description);
    const [node] = description.nodes;
    assert.deepEqual([node?.type, node?.aliases, node?.align], ["test.node", ["TestNode"], "any"]);
    assert.deepEqual(node?.paramsSchema?.["properties"], { level: { type: "number", default: 1 } });
    assert.notEqual(node?.inputs["in"], NODE.inputs.in);
  });

  it("tells the permissions in one form, and nothing where none are needed", async () => {
    assert.equal("permissions" in await describePlugin(PLUGIN, toJsonSchema), false);
    const none = { ...PLUGIN, permissions: { read: [] as string[], net: undefined } };
    assert.equal("permissions" in await describePlugin(none, toJsonSchema), false);
    const some = { ...PLUGIN, permissions: { env: ["B", "A", "B"], net: true as const } };
    const { permissions } = await describePlugin(some, toJsonSchema);
    assert.equal(JSON.stringify(permissions), '{"net":true,"env":["A","B"]}');
  });

  it("leaves the schema out where there is none, or where its library tells none", async () => {
    const foreign = {
      "~standard": { version: 1 as const, vendor: "other", validate: (value: unknown) => ({ value }) },
    };
    for (const params of [undefined, foreign]) {
      const { nodes } = await describePlugin({ ...PLUGIN, nodes: [{ ...NODE, params }] }, toJsonSchema);
      assert.equal("paramsSchema" in (nodes[0] ?? {}), false);
    }
  });
});
