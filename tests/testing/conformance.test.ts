import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as v from "valibot";
import type { ItemContext, NodeContext, StreamingNode } from "../../core/node/contract.ts";
import type { AnyNodeDefinition } from "../../core/node/define.ts";
import { RuntimeData, StreamrackError, type TextData } from "../../core/plugin.ts";
import { checkPluginConformance, type ConformanceOptions, conformanceTests } from "../../testing/mod.ts";

const TEXT = { inputs: { in: ["text"] }, outputs: { out: ["text"] } } as const;
const AUDIO = { inputs: { in: ["audio"] }, outputs: { out: ["audio"] } } as const;

function pluginOf(node: Partial<AnyNodeDefinition>): unknown {
  const base = { type: "test.node", summary: "Does something.", ...TEXT, create: () => ({ process() {} }) };
  return { name: "test", version: "1.0.0", apiVersion: 1, nodes: [{ ...base, ...node }] };
}

/** What the suite finds, as `check: message` without what is the same in all. */
async function findingsOf(node: Partial<AnyNodeDefinition>, options?: ConformanceOptions): Promise<string[]> {
  const findings = await checkPluginConformance(pluginOf(node), { stuckAfterMs: 3000, ...options });
  return findings.map(({ check, error }) =>
    `${check.replace("test.node: ", "")} | ${
      error.message.replace(/^\[[a-z-]+\] (the plugin does not conform: )?/, "")
    }`
  );
}

/** A node made of a process function alone. */
const of = (process: (input: RuntimeData, item: ItemContext) => unknown, rest: object = {}) => ({
  create: () => ({ process, ...rest }) as unknown as StreamingNode,
});
const textOf = (input: RuntimeData) => RuntimeData.asText(input);

describe("checkPluginConformance", () => {
  it("finds nothing in nodes that keep to the contract, however they answer", async () => {
    const gain = v.object({
      gainDb: v.optional(v.pipe(v.number(), v.maxValue(60)), 0),
      hz: v.pipe(v.number(), v.minValue(5)),
    });
    const nodes: Partial<AnyNodeDefinition>[] = [
      of(() => {}),
      of((input) => input),
      of((input) => Promise.resolve(input)),
      of((input) => [input, RuntimeData.text("more")] as never),
      of(function* (input) {
        yield input;
      }),
      of(async function* (input) {
        yield await Promise.resolve(input);
      }),
      { inputs: {}, ...of(() => {}, { flush: () => [RuntimeData.text("made")] as never }) },
      { outputs: {}, ...of(() => {}) },
      { inputs: { a: ["text"], b: ["any"] }, align: "zip", ...of(() => {}) },
      { params: gain, ...AUDIO, ...of((input) => input) },
    ];
    for (const node of nodes) assert.deepEqual(await findingsOf(node), []);
  });

  it("says only that it is no plugin, if it is none", async () => {
    for (const value of [undefined, {}, { name: "x" }]) {
      const findings = await checkPluginConformance(value);
      assert.deepEqual(findings.map(({ check }) => check), ["the definition is valid"]);
      assert.ok(StreamrackError.is(findings[0]?.error));
    }
  });

  it("finds a description that is no JSON", async () => {
    const jsonSchema = { input: () => ({ default: () => 1 }) };
    const params = { "~standard": { version: 1, vendor: "x", validate: (value: unknown) => ({ value }), jsonSchema } };
    const findings = await findingsOf({ params } as never);
    assert.match(findings[0] ?? "", /^the description is plain JSON \| /);
  });

  it("finds a default that breaks its own rule", async () => {
    const params = v.object({ level: v.optional(v.pipe(v.number(), v.minValue(5)), 1) });
    const [finding] = await findingsOf({ params });
    assert.match(
      finding ?? "",
      /^its default parameters are valid \| the least that the schema asks for is not valid\n {2}- params\.level/,
    );
  });

  it("asks for parameters that it cannot make up, and takes the author's", async () => {
    const params = v.object({ word: v.pipe(v.string(), v.regex(/^b+$/)) });
    const findings = await findingsOf({ params });
    assert.match(findings[0] ?? "", /Give valid parameters in options\.nodes\["test\.node"\]\.params\.$/);
    assert.deepEqual(await findingsOf({ params }, { nodes: { "test.node": { params: { word: "bb" } } } }), []);
  });

  it("finds parameters that throw, and those that take anything", async () => {
    const throwing = v.pipe(v.unknown(), v.check((value) => (value as { a: string }).a.length > -1));
    const check = "wrong parameters give problems, not exceptions";
    const thrown = await findingsOf({ params: throwing }, { nodes: { "test.node": { params: { a: "" } } } });
    assert.ok(thrown.some((finding) => finding.startsWith(check)), thrown.join());
    const jsonSchema = { input: () => ({ properties: { a: { type: "number" } } }) };
    const lax = { "~standard": { version: 1, vendor: "x", validate: (value: unknown) => ({ value }), jsonSchema } };
    assert.deepEqual(await findingsOf({ params: lax } as never), [`${check} | "a" takes "wrong"`]);
  });

  it("finds a node that all sessions would share", async () => {
    const shared = { process() {} };
    assert.match((await findingsOf({ create: () => shared }))[0] ?? "", /^every create makes .* same node twice/);
  });

  it("finds a create that fails, everywhere", async () => {
    const findings = await findingsOf({ create: () => Promise.reject(new Error("no model")) });
    assert.ok(findings.length >= 4 && findings.every((finding) => finding.includes("no model")), findings.join("\n"));
  });

  it("finds a node that cannot do without input", async () => {
    let last: string | undefined;
    const node = () => ({
      process: (input: RuntimeData) => void (last = textOf(input)),
      flush: () => RuntimeData.text((last as string).toUpperCase()),
    });
    const create = () => {
      last = undefined;
      return node();
    };
    assert.match((await findingsOf({ create: create as never }))[0] ?? "", /^it is fine without input \| .*TypeError/);
  });

  it("finds a node that fails on a kind that it declares, unless it refuses it", async () => {
    const inputs = { in: ["text", "json"] } as const;
    const crash = of((input) => void textOf(input).length.toFixed());
    assert.deepEqual(await findingsOf({ inputs, ...crash }), []); // asText refuses with an error of ours
    const [finding] = await findingsOf({ inputs, ...of((input) => void (input as TextData).text.trim()) });
    assert.match(finding ?? "", /^it takes what its ports declare \| a sample of kind json made it fail: .*TypeError/);
  });

  it("finds a node that takes nothing, and uses the author's values", async () => {
    const inputs = { in: ["json"] } as const;
    const node = of((input) => {
      if (RuntimeData.asJson(input) !== "please") {
        throw new StreamrackError("invalid-data", "ask nicely");
      }
    });
    const [finding] = await findingsOf({ inputs, ...node });
    assert.match(finding ?? "", /port "in" took none of the sample values\. .*samples\["in"\]\.$/);
    const options = (value: string) => ({ nodes: { "test.node": { samples: { in: [RuntimeData.json(value)] } } } });
    assert.deepEqual(await findingsOf({ inputs, ...node }, options("please")), []);
    assert.match((await findingsOf({ inputs, ...node }, options("now")))[0] ?? "", /ask nicely/);
  });

  it("finds outputs that do not fit their ports", async () => {
    const wrong = [of(() => RuntimeData.json(1)), of(() => ({ type: "text" }) as never), of(() => "text" as never)];
    for (const node of wrong) assert.match((await findingsOf(node))[0] ?? "", /^it takes what its ports declare \| /);
  });

  it("finds a node that uses a value after it gave it away", async () => {
    const create = () => {
      const kept = new Float32Array(4);
      return {
        process() {
          kept[0] = (kept[0] ?? 0) + 1;
          return RuntimeData.audio({ samples: kept, sampleRate: 8000 });
        },
      };
    };
    const findings = await findingsOf({ ...AUDIO, create: create as never });
    assert.ok(findings.some((finding) => /detached|gave away|moved away/.test(finding)), findings.join("\n"));
  });

  it("finds outputs that are not the same twice, unless that is meant", async () => {
    let count = 0;
    const node = of(() => RuntimeData.text(`${count++}`) as never);
    assert.match((await findingsOf(node))[0] ?? "", /^what it gives depends on its input alone.*deterministic: false/);
    assert.deepEqual(await findingsOf(node, { nodes: { "test.node": { deterministic: false } } }), []);
  });

  it("finds audio that depends on the chunks, where the author says it does not", async () => {
    const node = of((input) => {
      const { samples } = RuntimeData.asAudio(input);
      samples[0] = 1;
      return input;
    });
    assert.deepEqual(await findingsOf({ ...AUDIO, ...node }), []);
    const nodes = { "test.node": { chunkInvariant: true } };
    assert.match(
      (await findingsOf({ ...AUDIO, ...node }, { nodes }))[0] ?? "",
      /chunks of 1 frames gave other samples than chunks of 1600/,
    );
    assert.match((await findingsOf({}, { nodes }))[0] ?? "", /no samples of audio/);
  });

  it("finds a node that does not hear an abort", async () => {
    const deaf = of(async (_, { signal }) => {
      // It lets go only long after the engine has given up on it.
      if (await new Promise((resolve) => queueMicrotask(() => resolve(signal.aborted)))) await new Promise(() => {});
    });
    const findings = await findingsOf(deaf);
    assert.match(findings.join("\n"), /^an abort ends it \| an answer still ran after the abort/m);
  });

  it("finds a node that never ends", async () => {
    const findings = await findingsOf(of(() => new Promise(() => {})), { stuckAfterMs: 50 });
    assert.match(findings.join("\n"), /^it takes what its ports declare \| it did not end within 50 ms/m);
  });

  it("finds a reset that throws", async () => {
    const node = of(() => {}, { reset: () => Promise.reject(new Error("boom")) });
    assert.match((await findingsOf(node))[0] ?? "", /^it can be reset at any time \| .*boom/);
  });

  it("finds a reset that leaves something of the past", async () => {
    const withReset = (reset: (held: string[]) => void): Partial<AnyNodeDefinition> => ({
      create() {
        const held: string[] = [];
        return {
          process: (input) => void held.push(textOf(input as unknown as RuntimeData)),
          flush: () => RuntimeData.text(held.join("")) as never,
          reset: () => reset(held),
        };
      },
    });
    const check = "after a reset it gives what a new node gives";
    const leaves = withReset((held) => void held.pop());
    assert.deepEqual(await findingsOf(withReset((held) => void held.splice(0))), []);
    assert.deepEqual(await findingsOf(leaves), [
      `${check} | after a reset the same inputs gave other outputs than a new node. Set keepsOverReset if that is meant.`,
    ]);
    assert.deepEqual(await findingsOf(leaves, { nodes: { "test.node": { keepsOverReset: true } } }), []);
  });

  it("finds a disposer that throws", async () => {
    const node = of(() => {}, { [Symbol.asyncDispose]: () => Promise.reject(new Error("boom")) });
    assert.ok((await findingsOf(node)).some((finding) => finding.startsWith("it is fine without input | ")));
  });
});

describe("conformanceTests", () => {
  it("gives named checks before any of them runs", () => {
    const create = (_: NodeContext): never => assert.fail("nothing was to be created yet");
    const names = conformanceTests(pluginOf({ create })).map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
    assert.deepEqual(names.slice(0, 2), ["the definition is valid", "the description is plain JSON"]);
    assert.ok(names.slice(2).every((name) => name.startsWith("test.node: ")));
  });
});
