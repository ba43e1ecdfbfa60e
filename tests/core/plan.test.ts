import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Ports } from "../../core/node/contract.ts";
import type { ManifestNode } from "../../core/pipeline/manifest.ts";
import { createPlan, type Plan } from "../../core/pipeline/plan.ts";
import { DEFAULT_POLICY } from "../../core/pipeline/policy.ts";
import { thrownBy } from "../_support/errors.ts";
import { manifestOf, nodeType, registryOf } from "../_support/plans.ts";
import { Random } from "../_support/random.ts";

const REGISTRY = registryOf({
  any: [nodeType("t.any", { aliases: ["Any"] }), nodeType("t.any2")],
  other: [nodeType("o.any")],
  kinds: [
    nodeType("k.audio", { inputs: { in: ["audio"] }, outputs: { out: ["audio"] } }),
    nodeType("k.text", { inputs: { in: ["text", "json"] }, outputs: { out: ["text"] } }),
    nodeType("k.json", { inputs: { in: ["json"] }, outputs: { out: ["json", "text"] } }),
    nodeType("k.source", { inputs: {}, outputs: { out: ["audio"] } }),
    nodeType("k.sink", { inputs: { in: ["any"] }, outputs: {} }),
    nodeType("k.two", { inputs: { left: ["any"], right: ["any"] }, outputs: { audio: ["audio"], events: ["json"] } }),
    nodeType("k.usual", { inputs: { extra: ["any"], in: ["any"] }, outputs: { out: ["any"], extra: ["any"] } }),
    nodeType("k.zip", { inputs: { left: ["any"], right: ["any"] }, align: "zip" }),
    nodeType("k.proto", {
      inputs: { constructor: ["any"], toString: ["any"] } as Ports,
      outputs: { valueOf: ["any"], b: ["any"] } as Ports,
    }),
  ],
});

const plan = (...given: Parameters<typeof manifestOf>) => createPlan(manifestOf(...given), REGISTRY);

function problemsOf(...given: Parameters<typeof manifestOf>): string[] {
  const error = thrownBy(() => plan(...given));
  assert.deepEqual([error.reason, error.code], ["invalid-manifest", "invalid-argument"]);
  return error.problems.map(({ path, message, received, expected }) =>
    `${path} ${message}; ${received ?? "-"}; ${expected ?? "-"}`
  );
}

const idsOf = ({ nodes }: Pick<Plan, "nodes">) => nodes.map(({ id }) => id).join(" ");
const segmentsOf = ({ segments }: Plan) => segments.map(idsOf);
const portsOf = (ports: Plan["inputs"]) => ports.map(({ nodeId, port }) => `${nodeId}.${port}`);

describe("createPlan: names", () => {
  it("resolves aliases to the registered name, and keeps params and where they stand", () => {
    const manifest = {
      version: "v1",
      metadata: { name: "demo" },
      nodes: [{ id: "a", node_type: "Any", params: { x: 1 } }],
    };
    const { name, nodes } = createPlan(manifest, REGISTRY);
    const [node] = nodes;
    assert.equal(name, "demo");
    assert.deepEqual([node?.description.type, node?.params, node?.paramsPath], ["t.any", { x: 1 }, "nodes[0].params"]);
  });

  it("has an empty name without metadata", () => assert.equal(plan({ a: "t.any" }).name, ""));

  it("reports unknown types, and suggests what was meant", () => {
    assert.deepEqual(problemsOf({ a: "k.audoi", b: "entirely.different", c: "K.TEXT" }), [
      'nodes[0].node_type is not a node type of any plugin here; "k.audoi"; perhaps "k.audio"',
      'nodes[1].node_type is not a node type of any plugin here; "entirely.different"; a registered node type (see `streamrack nodes list`)',
      'nodes[2].node_type is not a node type of any plugin here; "K.TEXT"; perhaps "k.text"',
    ]);
  });

  it("does not take keys of a prototype for node types", () => {
    assert.equal(problemsOf({ a: "constructor", b: "__proto__", c: "toString" }).length, 3);
  });

  it("reports every repetition of an id", () => {
    assert.deepEqual(problemsOf([["a", "t.any"], ["a", "no.such"], ["b", "t.any"], ["a", "t.any"]]), [
      'nodes[1].id is the id of nodes[0] already; "a"; a unique id',
      'nodes[3].id is the id of nodes[0] already; "a"; a unique id',
    ]);
  });

  it("reports connections to nodes that are not there, but not those of unknown type again", () => {
    assert.deepEqual(problemsOf({ source: "t.any", sink: "no.such" }, ["sourec > sink", "source > sink", "x > y"]), [
      'nodes[1].node_type is not a node type of any plugin here; "no.such"; a registered node type (see `streamrack nodes list`)',
      'connections[0].from is not the id of a node; "sourec"; perhaps "source"',
      'connections[2].from is not the id of a node; "x"; one of "source", "sink"',
      'connections[2].to is not the id of a node; "y"; one of "source", "sink"',
    ]);
  });

  it("lists a few of many ids only", () => {
    const many = Array.from({ length: 500 }, (_, i) => [`node-${i}`, "t.any"] as const);
    assert.match(problemsOf(many, ["zzz > node-0"])[0] ?? "", /one of "node-0", .*"node-7" and 492 more$/);
  });

  for (const id of ["__proto__", "constructor", "toString", "hasOwnProperty", "a b → c", "🎧", "1", '"]']) {
    it(`takes ${JSON.stringify(id)} as the id of a node`, () => {
      const connections = [{ from: "first", to: id }, { from: id, to: "last" }];
      const { nodes } = manifestOf([["first", "t.any"], [id, "o.any"], ["last", "t.any"]]);
      const made = createPlan({ version: "v1", nodes, connections }, REGISTRY);
      assert.deepEqual(made.nodes.map((node) => node.id), ["first", id, "last"]);
      assert.deepEqual(made.segments.map((segment) => segment.nodes.length), [1, 1, 1]);
      assert.deepEqual([portsOf(made.inputs), portsOf(made.outputs)], [["first.in"], ["last.out"]]);
    });
  }
});

describe("createPlan: ports", () => {
  it("takes the only port, or the one with the usual name, when none is named", () => {
    const { edges } = plan({ a: "k.usual", b: "k.usual", c: "t.any" }, ["a > b", "a.extra > c", "c > b.extra"]);
    assert.deepEqual(edges, [
      { from: { nodeId: "a", port: "out" }, to: { nodeId: "b", port: "in" } },
      { from: { nodeId: "a", port: "extra" }, to: { nodeId: "c", port: "in" } },
      { from: { nodeId: "c", port: "out" }, to: { nodeId: "b", port: "extra" } },
    ]);
  });

  it("reports ports that are missing, unknown or not there at all", () => {
    assert.deepEqual(
      problemsOf({ a: "k.two", b: "k.source", c: "k.sink" }, ["a > c", "a.in > c", "b > a", "b > a.middle", "c > b"]),
      [
        'connections[0].from_port is not an output port of "a"; none; "audio" or "events"',
        'connections[1].from_port is not an output port of "a"; "in"; "audio" or "events"',
        'connections[2].to_port is not an input port of "a"; none; "left" or "right"',
        'connections[3].to_port is not an input port of "a"; "middle"; "left" or "right"',
        'connections[4].from_port "c" has no output port; none; no connection',
        'connections[4].to_port "b" has no input port; none; no connection',
      ],
    );
  });

  it("takes ports named like keys of a prototype where they are declared, and only there", () => {
    const { edges, inputs } = plan({ a: "k.proto", b: "k.proto" }, ["a.valueOf > b.toString"]);
    assert.deepEqual(edges[0]?.to, { nodeId: "b", port: "toString" });
    assert.deepEqual(portsOf(inputs), ["a.constructor", "a.toString", "b.constructor"]);
    for (const port of ["constructor", "__proto__", "toString", "hasOwnProperty"]) {
      assert.equal(problemsOf({ a: "t.any", b: "t.any" }, [`a.${port} > b.${port}`]).length, 2, port);
    }
  });

  it("lets connections pass whose kinds may meet, and refuses those that cannot", () => {
    assert.ok(plan({ a: "k.audio", b: "t.any", c: "k.text", d: "k.json" }, ["a > b", "b > c", "d > c"]));
    assert.deepEqual(problemsOf({ a: "k.audio", b: "k.text", c: "k.json" }, ["a > b", "b > c"]), [
      'connections[0] "a" gives what "b" does not take; audio; text or json',
      'connections[1] "b" gives what "c" does not take; text; json',
    ]);
  });

  it("lets several connections lead to one port, unless the node zips", () => {
    assert.ok(plan({ a: "t.any", b: "t.any", c: "t.any" }, ["a > c", "b > c"]));
    assert.deepEqual(problemsOf({ a: "t.any", b: "t.any", z: "k.zip" }, ["a > z.left", "b > z.right", "b > z.left"]), [
      'connections[2] port "left" of "z" is connected already; -; one connection for each port of a node that takes one of each port together',
    ]);
  });

  it("reports a connection that is there already, also where a port is named once and left out once", () => {
    assert.deepEqual(problemsOf({ a: "t.any", b: "t.any" }, ["a > b", "a.out > b", "a > b.in"]), [
      "connections[1] repeats a connection above; -; each connection once",
      "connections[2] repeats a connection above; -; each connection once",
    ]);
  });

  it("tells ports apart whatever characters an id has", () => {
    const nodes = [{ id: "a", node_type: "k.usual" }, { id: 'a","out', node_type: "t.any" }, {
      id: "b",
      node_type: "t.any",
    }];
    const connections = [{ from: "a", to: "b" }, { from: 'a","out', to: "b" }];
    assert.equal(createPlan({ version: "v1", nodes, connections }, REGISTRY).edges.length, 2);
  });
});

describe("createPlan: inputs and outputs", () => {
  it("takes from ports that nothing leads to, gives from nodes that nobody reads", () => {
    const { inputs, outputs } = plan(
      { a: "k.two", b: "t.any", c: "k.sink", d: "k.source" },
      ["a.audio > b", "b > a.left"].slice(0, 1),
    );
    assert.deepEqual(portsOf(inputs), ["a.left", "a.right", "c.in"]);
    assert.deepEqual(portsOf(outputs), ["b.out", "d.out"]);
    assert.deepEqual(inputs[0]?.kinds, ["any"]);
  });

  it("gives all ports of a node that is marked, although others read it", () => {
    const manifest = manifestOf({ a: "k.two", b: "t.any" }, ["a.events > b"]);
    const nodes = manifest.nodes.map((node) => ({ ...node, is_output_node: node.id === "a" }));
    const { outputs } = createPlan({ ...manifest, nodes }, REGISTRY);
    assert.deepEqual(portsOf(outputs), ["a.audio", "a.events", "b.out"]);
  });
});

describe("createPlan: order and cycles", () => {
  it("sorts topologically; ties keep the order of the manifest", () => {
    assert.equal(idsOf(plan({ c: "t.any", b: "t.any", a: "t.any" }, ["a > b", "b > c"])), "a b c");
    assert.equal(idsOf(plan({ c: "t.any", b: "t.any", a: "t.any" })), "c b a");
    assert.equal(
      idsOf(plan({ d: "t.any", x: "t.any", b: "t.any", c: "t.any", a: "t.any" }, ["a > b", "a > c", "b > d", "c > d"])),
      "x a b c d",
    );
  });

  it("reports a loop of one node", () => {
    assert.deepEqual(problemsOf({ a: "t.any" }, ["a > a"]), [
      "connections[0] closes a cycle; a → a; connections that lead one way",
    ]);
  });

  it("reports the connection that closes a cycle, and the way round", () => {
    assert.deepEqual(
      problemsOf({ x: "t.any", a: "t.any", b: "t.any", c: "t.any" }, ["x > a", "a > b", "b > c", "c > a"]),
      [
        "connections[3] closes a cycle; a → b → c → a; connections that lead one way",
      ],
    );
  });

  it("reports every cycle, beside all other problems", () => {
    const problems = problemsOf(
      { a: "t.any", b: "t.any", c: "t.any", d: "t.any", e: "no.such" },
      ["a > b", "b > a", "c > d", "d > c", "d > d", "a > e", "f > a"],
    );
    assert.deepEqual(problems.map((problem) => problem.split(" ")[0]), [
      "nodes[4].node_type",
      "connections[6].from",
      "connections[1]",
      "connections[3]",
      "connections[4]",
    ]);
  });

  it("shows a long cycle shortened", () => {
    const ids = Array.from({ length: 5000 }, (_, i) => [`n${i}`, "t.any"] as const);
    const connections = ids.map(([id], i) => `${id} > ${ids[(i + 1) % ids.length]?.[0]}`);
    const [problem] = problemsOf(ids, connections);
    assert.match(problem ?? "", /^connections\[4999\] closes a cycle; n0 → n1 → .* → … → .* → n4999 → n0;/);
  });

  it("holds for graphs of any shape: every edge leads forward, and the reported edges are all that stand in the way", () => {
    const random = new Random(4);
    for (let round = 0; round < 60; round++) {
      const count = random.integer(1, 12);
      const ids = Array.from({ length: count }, (_, i) => [`n${i}`, random.pick(["t.any", "o.any"])] as const);
      const connections = new Set(Array.from({ length: random.integer(0, 20) }, () => {
        return `n${random.integer(0, count - 1)} > n${random.integer(0, count - 1)}`;
      }));
      let left = [...connections];
      let made: Plan | undefined;
      try {
        made = plan(ids, left);
      } catch {
        const closing = problemsOf(ids, left).map((problem) =>
          Number(/^connections\[(\d+)\] closes a cycle/.exec(problem)?.[1])
        );
        left = left.filter((_, index) => !closing.includes(index));
        made = plan(ids, left);
      }
      assert.equal(made.edges.length, left.length);
      const position = new Map(made.nodes.map(({ id }, i) => [id, i]));
      for (const { from, to } of made.edges) {
        assert.ok((position.get(from.nodeId) ?? 0) < (position.get(to.nodeId) ?? 0));
      }
    }
  });
});

describe("createPlan: segments", () => {
  it("joins adjacent nodes of one plugin, also of different types", () => {
    assert.deepEqual(
      segmentsOf(plan({ a: "t.any", b: "t.any2", c: "o.any", d: "t.any" }, ["a > b", "b > c", "c > d"])),
      ["a b", "c", "d"],
    );
  });

  it("keeps nodes of one plugin apart that are not adjacent", () => {
    assert.deepEqual(segmentsOf(plan({ a: "t.any", b: "t.any" })), ["a", "b"]);
    assert.deepEqual(segmentsOf(plan({ a: "t.any", x: "o.any", b: "t.any" }, ["a > x", "x > b"])), ["a", "x", "b"]);
  });

  it("joins a diamond of one plugin, and both ends of one with another plugin inside", () => {
    const diamond = ["a > b", "a > c", "b > d", "c > d"];
    assert.deepEqual(segmentsOf(plan({ a: "t.any", b: "t.any", c: "t.any", d: "t.any" }, diamond)), ["a b c d"]);
    assert.deepEqual(segmentsOf(plan({ a: "t.any", b: "t.any", c: "o.any", d: "t.any" }, diamond)), ["a b d", "c"]);
  });

  it("joins branches that meet only further down, whatever the order of connections", () => {
    for (const connections of [["a > c", "b > c"], ["b > c", "a > c"]]) {
      assert.deepEqual(segmentsOf(plan({ a: "t.any", b: "t.any2", c: "t.any" }, connections)), ["a b c"]);
    }
  });

  it("joins plugins of one group, but not of different tiers", () => {
    const registry = registryOf({ "g/one": [nodeType("one")], "g/two": [nodeType("two")] });
    registry.register({
      description: { name: "inline", version: "1", apiVersion: 1, nodes: [nodeType("inline")] },
      source: { tier: "inline", plugin: { name: "inline", version: "1", apiVersion: 1, nodes: [] } },
      group: "g",
    });
    const made = createPlan(manifestOf({ a: "one", b: "two", c: "inline" }, ["a > b", "b > c"]), registry);
    assert.deepEqual(segmentsOf(made), ["a b", "c"]);
    assert.deepEqual(made.segments.map(({ tier, group }) => `${tier} ${group}`), ["worker g", "inline g"]);
  });

  it("gives every segment an id of its own, and every node to one segment", () => {
    const random = new Random(5);
    for (let round = 0; round < 40; round++) {
      const ids = Array.from({ length: 15 }, (_, i) => [`n${i}`, random.pick(["t.any", "o.any", "t.any2"])] as const);
      const connections = new Set(Array.from({ length: 14 }, () => {
        const from = random.integer(0, 13);
        return `n${from} > n${random.integer(from + 1, 14)}`;
      }));
      const made = plan(ids, [...connections]);
      assert.equal(new Set(made.segments.map(({ id }) => id)).size, made.segments.length);
      assert.deepEqual(
        made.segments.flatMap(({ nodes }) => nodes.map(({ id }) => id)).sort(),
        ids.map(([id]) => id).sort(),
      );
      const segmentOf = new Map(
        made.segments.flatMap((segment) => segment.nodes.map((node) => [node.id, segment] as const)),
      );
      for (const { from, to } of made.edges) {
        const [a, b] = [segmentOf.get(from.nodeId), segmentOf.get(to.nodeId)];
        assert.equal(a === b, a?.group === b?.group);
      }
    }
  });
});

describe("createPlan: size", () => {
  // No clock is read: quadratic work on so many nodes would run into the deadline of the test run.
  const count = 20_000;
  const ids = Array.from({ length: count }, (_, i) => [`n${i}`, i % 3 === 0 ? "o.any" : "t.any"] as const);
  const connections = ids.slice(1).map((_, i) => `n${i} > n${i + 1}`);

  it("makes a plan of a long chain, in any order of nodes", () => {
    assert.equal(plan(ids, connections).segments.length, Math.ceil(count / 3) * 2 - (count % 3 === 1 ? 1 : 0));
    const backwards = plan([...ids].reverse(), connections);
    assert.equal(backwards.nodes[0]?.id, "n0");
    assert.equal(plan(ids.map(([id]) => [id, "t.any"] as const), [...connections].reverse()).segments.length, 1);
  });

  it("makes a plan of one node that feeds many", () => {
    const { outputs } = plan(ids, ids.slice(1).map((_, i) => `n0 > n${i + 1}`));
    assert.equal(outputs.length, count - 1);
  });
});

describe("createPlan: flow", () => {
  /** A plan of nodes in a row, some with more keys. */
  function row(types: string, keys: { readonly [id: string]: Partial<ManifestNode> }): Plan {
    const ids = [...types].map((_, i) => "abcdefgh"[i] as string);
    const manifest = manifestOf(
      ids.map((id, i) => [id, types[i] === "o" ? "o.any" : "t.any"] as const),
      ids.slice(1).map((id, i) => `${ids[i]} > ${id}`),
    );
    return createPlan({ ...manifest, nodes: manifest.nodes.map((node) => ({ ...node, ...keys[node.id] })) }, REGISTRY);
  }

  it("gives a node that is not to be fused a segment of its own, and joins the others as far as they touch", () => {
    assert.deepEqual(segmentsOf(row("tttt", {})), ["a b c d"]);
    assert.deepEqual(segmentsOf(row("tttt", { b: { fuse: false } })), ["a", "b", "c d"]);
    assert.deepEqual(segmentsOf(row("ttt", { a: { fuse: false }, b: { fuse: true }, c: { fuse: false } })), [
      ...["a", "b", "c"],
    ]);
  });

  it("joins nodes that name the same segment, also where they do not touch, and parts those that name others", () => {
    assert.deepEqual(segmentsOf(row("tot", { a: { segment: "s" }, c: { segment: "s" } })), ["a c", "b"]);
    const parted = { a: { segment: "s" }, b: { segment: "s" }, c: { segment: "r" } };
    assert.deepEqual(segmentsOf(row("tttt", parted)), ["a b", "c", "d"]);
    const far = { a: { segment: "s" }, c: { segment: "s", deadline_ms: 5 } };
    assert.deepEqual(segmentsOf(row("ttt", far)), ["a c", "b"]);
  });

  it("refuses a segment of two groups, and one for a node that is not to be fused", () => {
    const error = thrownBy(() =>
      row("too", { a: { segment: "s" }, b: { segment: "s" }, c: { segment: "x", fuse: false } })
    );
    assert.deepEqual(error.problems, [
      { path: "nodes[2].fuse", message: "contradicts segment", received: "false", expected: "one of the two" },
      {
        path: "nodes[1].segment",
        message: 'cannot be that of "a", whose plugin is of another group',
        received: '"s"',
        expected: 'a segment of plugin "other", or trust between the two plugins',
      },
    ]);
  });

  it("gives a node a policy only where the manifest asks for one, with the rest filled in", () => {
    const policies = row("tttt", {
      a: { on_error: "fail" },
      b: { on_error: "skip" },
      c: { deadline_ms: 20 },
      d: { retry: { max_attempts: 4, max_delay_ms: 9 } },
    }).nodes.map(({ policy }) => policy);
    const { retry } = DEFAULT_POLICY;
    assert.deepEqual(policies, [
      undefined,
      { onError: "skip", retry, deadlineMs: undefined },
      { onError: "fail", retry, deadlineMs: 20 },
      { onError: "fail", retry: { ...retry, maxAttempts: 4, maxDelayMs: 9 }, deadlineMs: undefined },
    ]);
  });

  it("keeps what a connection says of its flow, and nothing where it says nothing", () => {
    const manifest = manifestOf({ a: "t.any", b: "t.any", c: "o.any" }, ["a > b", "b > c"]);
    const [first, second] = manifest.connections;
    const connections = [{ ...first, max_items: 3, when_full: "drop-oldest" }, second];
    const { edges } = createPlan({ ...manifest, connections }, REGISTRY);
    assert.deepEqual(edges.map(({ from: _, to: __, ...flow }) => flow), [{ maxItems: 3, whenFull: "drop-oldest" }, {}]);
  });

  it("lets only one connection lead to a port whose values are joined, whichever way they are", () => {
    for (const align of ["zip", "zip-timestamp", "latest"] as const) {
      const registry = registryOf({ t: [nodeType("t.any"), nodeType("joins", { inputs: { in: ["any"] }, align })] });
      const manifest = manifestOf({ a: "t.any", b: "t.any", j: "joins" }, ["a > j", "b > j"]);
      const { problems } = thrownBy(() => createPlan(manifest, registry));
      assert.deepEqual(problems.map(({ path, message }) => `${path} ${message}`), [
        'connections[1] port "in" of "j" is connected already',
      ]);
    }
  });
});
