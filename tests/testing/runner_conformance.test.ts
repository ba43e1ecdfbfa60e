/** The contract suite of runners finds what breaks the contract, each check what is its own. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as v from "valibot";
import {
  type AnyRunnerDefinition,
  type AnyRunnerType,
  defineRunner,
  type InferenceResult,
  type Runner,
  type RunnerOutput,
} from "../../runners/mod.ts";
import { type RunnerConformanceOptions, runnerConformanceTests } from "../../testing/mod.ts";

const said = (text: string): RunnerOutput => ({ outputs: { text } });

/** A runner that keeps to the contract, but for what is given. */
const make = (given: Partial<AnyRunnerDefinition> = {}): AnyRunnerType =>
  defineRunner({
    type: "test.it",
    summary: "Says two words.",
    vendor: "test",
    capabilities: ["llm"],
    streaming: true,
    params: v.object({ model: v.optional(v.string(), "a") }),
    async *run() {
      yield said("one");
      yield said("two");
      return said("");
    },
    ...given,
  });

/** The same, with something of the runner at work replaced, which `defineRunner` leaves no room for. */
function tampered(replace: (runner: Runner) => Partial<Record<keyof Runner, unknown>>): AnyRunnerType {
  const type = make();
  return {
    ...type,
    create: async (options) => {
      const runner = await type.create(options);
      const own = replace(runner);
      return new Proxy(runner, {
        get(target, name) {
          const value = Object.hasOwn(own, name) ? own[name as keyof Runner] : Reflect.get(target, name, target);
          return typeof value === "function" ? value.bind(target) : value;
        },
      });
    },
  };
}

/** Its results, changed. */
const answering = (change: (results: readonly InferenceResult[]) => readonly InferenceResult[]): AnyRunnerType =>
  tampered((runner) => ({
    async *run(...args: Parameters<Runner["run"]>) {
      yield* change(await Array.fromAsync(runner.run(...args)));
    },
  }));

/** Names of the checks that fail. */
async function failing(type: AnyRunnerType, options: Partial<RunnerConformanceOptions> = {}): Promise<string[]> {
  const names: string[] = [];
  const request = () => ({ inputs: { text: "hello" } });
  for (const { name, run } of runnerConformanceTests(type, { request, stuckAfterMs: 5000, ...options })) {
    await run().catch(() => names.push(name.replace("test.it: ", "")));
  }
  return names;
}

const LAST = "the last result of a request, and no other, is final";
const OTHER = "another model takes the place of the one before";
const JSON_METADATA = "metadata is JSON, and progress goes from 0 to 100";
const STREAMING = "streaming is as it declares";
const BAD = "what it cannot take is a result with E400 or E405";
const ABORT = "an abort ends it, before, at once, and after any result";
const LEAVE = "a reader that leaves ends it, after any result";

/** Never settles, whatever is aborted. */
const deaf = () => new Promise<never>(() => {});

describe("runnerConformanceTests", () => {
  it("finds nothing in runners that keep to the contract", async () => {
    assert.deepEqual(await failing(make(), { otherModel: { model: "b" } }), []);
    assert.deepEqual(await failing(make({ streaming: false, run: () => Promise.resolve(said("all")) })), []);
  });

  it("finds a runner that takes any parameters", async () => {
    const anything = { "~standard": { version: 1, vendor: "x", validate: (value: unknown) => ({ value }) } };
    assert.deepEqual(await failing(make({ params: anything as never })), [
      "parameters that are no object are refused",
    ]);
  });

  it("finds a load that is not what it says", async () => {
    const stays = tampered(() => ({ isLoaded: true }));
    assert.deepEqual(await failing(stays), ["loading is idempotent, and unloading final"]);
    assert.deepEqual(await failing(make({ modelId: () => "same" }), { otherModel: { model: "b" } }), [OTHER]);
  });

  it("finds an answer without a final result, with two, or with one in the middle", async () => {
    const partial = answering((all) => all.map((result) => ({ ...result, partial: true })));
    const final = answering((all) => all.map((result) => ({ ...result, partial: false })));
    const turned = answering((all) => all.toReversed());
    const none = answering(() => []);
    for (const type of [partial, final, turned, none]) assert.ok((await failing(type)).includes(LAST));
  });

  it("finds metadata that is no JSON, and progress that is none", async () => {
    const telling = (given: object) =>
      failing(make({ run: () => Promise.resolve({ ...said("all"), ...given }), streaming: false }));
    for (const at of [new Date(), Number.NaN, new Map(), () => 1, 1n]) {
      assert.deepEqual(await telling({ metadata: { at } }), [JSON_METADATA], String(at));
    }
    for (const progressPercent of [-1, 101, Number.NaN]) {
      assert.deepEqual(await telling({ progress: { progressPercent } }), [JSON_METADATA]);
    }
    assert.deepEqual(await telling({ progress: { estimatedRemainingMs: -1 } }), [JSON_METADATA]);
  });

  it("finds a runner that streams although it says that it does not", async () => {
    assert.deepEqual(await failing(make({ streaming: false })), [STREAMING]);
  });

  it("finds a bad request that is taken, or has another code", async () => {
    const badRequest = () => ({ inputs: { text: "bad" } });
    assert.deepEqual(await failing(make(), { badRequest }), [BAD]);
    const type = make({
      streaming: false,
      run: ({ inputs }) => inputs.text === "bad" ? Promise.reject(new Error("why")) : Promise.resolve(said("all")),
    });
    assert.deepEqual(await failing(type, { badRequest }), [BAD]);
  });

  it("finds a runner that cannot be left, or aborted", async () => {
    // Gives one word, and waits for what never comes, unless it is left alone.
    let requests = 0;
    const stuck = make({
      async *run() {
        try {
          yield said("one");
          return said("");
        } finally {
          if (++requests > 1) await deaf();
        }
      },
    });
    const stuckAfterMs = 100;
    assert.ok((await failing(stuck, { stuckAfterMs })).includes(LEAVE));
    const unheard = tampered((runner) => ({ run: (request: never) => runner.run(request) }));
    assert.deepEqual(await failing(unheard), [ABORT]);
  });

  it("finds an abort that is heard at the beginning only", async () => {
    const once = tampered((runner) => ({
      async *run(...[request, { signal } = {}]: Parameters<Runner["run"]>) {
        signal?.throwIfAborted();
        for await (const result of runner.run(request)) {
          yield result;
          if (result.outputs.text === "one") signal?.throwIfAborted();
        }
      },
    }));
    assert.deepEqual(await failing(once), [ABORT]);
  });
});
