import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as v from "valibot";
import { StreamrackError } from "../../core/errors.ts";
import type { NodeContext } from "../../core/node/contract.ts";
import type { AnyNodeDefinition } from "../../core/node/define.ts";
import type { NodeDescription } from "../../core/node/describe.ts";
import { StreamingNodeFactory } from "../../core/node/factory.ts";
import { StreamingNodeRegistry } from "../../core/node/registry.ts";
import { rejectionOf, thrownBy } from "../_support/errors.ts";

const CONTEXT: NodeContext = {
  params: undefined,
  nodeId: "n",
  sources: [],
  signal: new AbortController().signal,
  log: { debug() {}, info() {}, warn() {}, error() {} },
};

function factoryOf(change: Partial<AnyNodeDefinition>): StreamingNodeFactory {
  const node = { type: "t.node", summary: "s", inputs: { in: ["any"] }, outputs: {}, create: () => ({ process() {} }) };
  return new StreamingNodeFactory({ ...node, ...change } as AnyNodeDefinition, "t");
}

describe("StreamingNodeFactory.checkParams", () => {
  const schema = v.object({
    gainDb: v.optional(v.pipe(v.number(), v.minValue(-120)), 0),
    list: v.optional(v.array(v.object({ name: v.string() }))),
  });
  const factory = factoryOf({ params: schema });

  it("fills in defaults, for absent and null params too", async () => {
    for (const params of [undefined, null, {}]) {
      assert.deepEqual(await factory.checkParams(params, "p"), { ok: true, params: { gainDb: 0 } });
    }
    assert.deepEqual(await factory.checkParams({ gainDb: 3 }, "p"), { ok: true, params: { gainDb: 3 } });
  });

  it("ignores what is given to a node that takes none", async () => {
    assert.deepEqual(await factoryOf({}).checkParams({ any: 1 }, "p"), { ok: true, params: undefined });
  });

  it("reports every problem with path and value", async () => {
    const result = await factory.checkParams({ gainDb: "loud", list: [{ name: 1 }, {}] }, "nodes[0].params");
    assert.ok(!result.ok);
    assert.deepEqual(result.problems.map(({ path, received }) => [path, received]), [
      ["nodes[0].params.gainDb", '"loud"'],
      ["nodes[0].params.list[0].name", "1"],
      ["nodes[0].params.list[1].name", "undefined"],
    ]);
  });

  it("refuses params that are no object", async () => {
    for (const params of [5, "text", true]) {
      const result = await factory.checkParams(params, "p");
      assert.ok(!result.ok);
      assert.equal(result.problems[0]?.path, "p");
    }
  });

  it("takes any library of the standard, async ones too", async () => {
    const issues = [{ message: "no", path: [{ key: "a" }, 0, Symbol("s")] }, { message: "never" }];
    const standard = (result: unknown) => ({ "~standard": { version: 1, vendor: "x", validate: () => result } });
    const failing = await factoryOf({ params: standard(Promise.resolve({ issues })) }).checkParams({ a: [1] }, "p");
    assert.ok(!failing.ok);
    assert.deepEqual(failing.problems.map(({ path }) => path), ["p.a[0].Symbol(s)", "p"]);
    assert.deepEqual(await factoryOf({ params: standard({ value: 7 }) }).checkParams(1, "p"), { ok: true, params: 7 });
  });

  it("does not look into prototypes for the value of a problem", async () => {
    const issues = [{ message: "no", path: ["constructor", "name"] }];
    const params = { "~standard": { version: 1, vendor: "x", validate: () => ({ issues }) } };
    const result = await factoryOf({ params }).checkParams({}, "p");
    assert.ok(!result.ok);
    assert.equal(result.problems[0]?.received, "undefined");
  });

  it("turns a schema that throws or rejects into a problem", async () => {
    for (
      const validate of [
        () => {
          throw new Error("boom");
        },
        () => Promise.reject(new Error("boom")),
      ]
    ) {
      const result = await factoryOf({ params: { "~standard": { version: 1, vendor: "x", validate } } }).checkParams(
        {},
        "p",
      );
      assert.ok(!result.ok);
      assert.deepEqual(result.problems, [{ path: "p", message: "could not be checked: boom", received: "{}" }]);
    }
  });
});

describe("StreamingNodeFactory.create", () => {
  it("gives the node, made at once or later", async () => {
    const node = { process() {} };
    assert.equal(await factoryOf({ create: () => node }).create(CONTEXT), node);
    assert.equal(await factoryOf({ create: () => Promise.resolve(node) }).create(CONTEXT), node);
  });

  it("says which node could not be created, and why", async () => {
    for (const cause of [new TypeError("no model"), "text", undefined]) {
      const error = await rejectionOf(factoryOf({ create: () => Promise.reject(cause) }).create(CONTEXT));
      assert.deepEqual([error.reason, error.nodeId, error.pluginName, error.cause], [
        "node-create-failed",
        "n",
        "t",
        cause,
      ]);
    }
    const sync = factoryOf({
      create: () => {
        throw new Error("at once");
      },
    });
    assert.match(
      (await rejectionOf(sync.create(CONTEXT))).message,
      /"t\.node" could not be created: at once \(node "n" of plugin "t"\)/,
    );
  });

  it("passes an error on that names its node already", async () => {
    const placed = new StreamrackError("invalid-params", "x", { nodeId: "n" });
    assert.equal(await rejectionOf(factoryOf({ create: () => Promise.reject(placed) }).create(CONTEXT)), placed);
  });

  it("refuses what has no process", async () => {
    for (const node of [undefined, null, 5, {}, { process: 1 }, () => {}]) {
      const error = await rejectionOf(factoryOf({ create: () => node as never }).create(CONTEXT));
      assert.deepEqual([error.reason, error.problems[0]?.path], ["node-create-failed", "create()"]);
    }
  });

  it("refuses an alignment that a single node cannot choose", async () => {
    for (const align of ["zip", "toString", null]) {
      const error = await rejectionOf(
        factoryOf({ create: () => ({ process() {}, align: align as never }) }).create(CONTEXT),
      );
      assert.deepEqual([error.reason, error.problems[0]?.path], ["node-create-failed", "create().align"]);
    }
  });
});

function describeNode(type: string, aliases: readonly string[] = []): NodeDescription {
  return { type, aliases, summary: "s", inputs: {}, outputs: {}, align: "any" };
}

function register(registry: StreamingNodeRegistry, name: string, nodes: NodeDescription[], group?: string): void {
  registry.register({
    description: { name, version: "1", apiVersion: 1, nodes },
    source: { tier: "worker", url: "x:" },
    ...(group === undefined ? {} : { group }),
  });
}

describe("StreamingNodeRegistry", () => {
  it("finds node types and aliases, and nothing else", () => {
    const registry = new StreamingNodeRegistry();
    register(registry, "b", [describeNode("b.one", ["One", "Uno"]), describeNode("b.two")]);
    register(registry, "a", [describeNode("constructor", ["__proto__"])], "shared");
    assert.equal(registry.find("Uno")?.description.type, "b.one");
    assert.equal(registry.find("b.two")?.plugin.description.name, "b");
    assert.equal(registry.find("__proto__")?.description.type, "constructor");
    for (const name of ["toString", "B.ONE", "", "b"]) assert.equal(registry.find(name), undefined);
    assert.deepEqual(registry.types(), ["One", "Uno", "__proto__", "b.one", "b.two", "constructor"]);
    assert.deepEqual(registry.plugins().map(({ group }) => group), ["b", "shared"]);
  });

  it("registers nothing of a plugin that repeats a name, a type or an alias", () => {
    const registry = new StreamingNodeRegistry();
    register(registry, "a", [describeNode("a.one", ["One"])]);
    const refused: [string, NodeDescription[]][] = [
      ["a", [describeNode("a.other")]],
      ["b", [describeNode("b.new"), describeNode("a.one")]],
      ["b", [describeNode("b.new"), describeNode("One")]],
      ["b", [describeNode("b.new", ["a.one"])]],
      ["b", [describeNode("b.new", ["One"])]],
      ["b", [describeNode("b.new"), describeNode("b.new")]],
      ["b", [describeNode("b.new", ["b.new"])]],
    ];
    for (const [name, nodes] of refused) {
      const error = thrownBy(() => register(registry, name, nodes));
      assert.deepEqual([error.reason, error.code], ["duplicate-node-type", "already-exists"]);
      assert.deepEqual(registry.types(), ["One", "a.one"]);
      assert.equal(registry.plugins().length, 1);
    }
    register(registry, "b", [describeNode("b.new")]);
    assert.equal(registry.plugins().length, 2);
  });
});
