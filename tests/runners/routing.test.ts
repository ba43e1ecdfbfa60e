import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as v from "valibot";
import {
  type AnyRunnerType,
  defineRouter,
  defineRunner,
  type InferenceResult,
  Router,
  type RouterOptions,
  type RunContext,
  runnerError,
  type RunnerOutput,
  type RunnerPriority,
  scoreOf,
} from "../../runners/mod.ts";
import { type JsonValue, RuntimeData } from "../../core/plugin.ts";
import { FakeClock, runNode } from "../../testing/mod.ts";

type Run = (attempt: number, context: RunContext<unknown, unknown>) => AsyncGenerator<RunnerOutput, RunnerOutput, void>;

interface Made {
  readonly type: AnyRunnerType;
  calls: number;
}

/** A runner of a vendor that answers as told. */
function make(vendor: string, run: Run, priority: RunnerPriority = "normal", unavailable?: () => Error): Made {
  const made: Made = {
    calls: 0,
    type: defineRunner({
      type: `${vendor}.${priority}`,
      summary: "A runner under test.",
      vendor,
      priority,
      capabilities: ["llm"],
      streaming: true,
      params: v.object({}),
      ...unavailable === undefined ? {} : { unavailable: unavailable as never },
      run: (_, context) => run(++made.calls, context),
    }),
  };
  return made;
}

const say = (text: string): Run =>
  async function* () {
    yield { outputs: { text } };
    return { outputs: { text: "" } };
  };
const failWith = (...errors: readonly Error[]): Run =>
  // deno-lint-ignore require-yield -- it fails before
  async function* (attempt) {
    throw errors[Math.min(attempt, errors.length) - 1];
  };
const busy = (retryAfterMs?: number) => runnerError("E501", "busy", { retryAfterMs });

async function ask(made: readonly Made[], options: Partial<RouterOptions> = {}, signal?: AbortSignal) {
  const router = new Router({ capability: "llm", runners: made.map(({ type: runner }) => ({ runner })), ...options });
  try {
    const results: InferenceResult[] = [];
    for await (const result of router.run({ inputs: { text: "hi" } }, { signal })) results.push(result);
    return results;
  } finally {
    await router[Symbol.asyncDispose]();
  }
}

describe("scoreOf", () => {
  it("is ten times the index of the vendor, and the priority", () => {
    const order = ["a", "b"];
    const scores = [["a", "high"], ["a", "low"], ["b", "normal"], ["c", "high"]] as const;
    assert.deepEqual(scores.map(([vendor, priority]) => scoreOf({ vendor, priority }, order)), [0, 2, 11, 20]);
  });
});

describe("Router", () => {
  it("ranks by vendor, then priority, and leaves out what lacks the capability", () => {
    const made = [make("b", say("")), make("a", say(""), "low"), make("a", say(""), "high"), make("c", say(""))];
    const runners = made.map(({ type: runner }) => ({ runner }));
    const order = new Router({ capability: "llm", runners, vendorOrder: ["a", "b"] }).order;
    assert.deepEqual(order, ["a.high", "a.low", "b.normal", "c.normal"]);
    assert.deepEqual(new Router({ capability: "tts", runners }).order, []);
  });

  it("asks the first, and no other", async () => {
    const [one, two] = [make("one", say("1")), make("two", say("2"))];
    const results = await ask([one, two]);
    assert.deepEqual(results.map(({ outputs, partial }) => [outputs.text, partial]), [["1", true], ["", false]]);
    assert.equal(results.at(-1)?.metadata["attempts"], 1);
    assert.deepEqual([one.calls, two.calls], [1, 0]);
  });

  it("passes over those that are not available, and says so", async () => {
    const [one, two] = [make("one", say("1"), "normal", () => runnerError("E401", "no key")), make("two", say("2"))];
    const final = (await ask([one, two])).at(-1);
    assert.deepEqual(final?.metadata["failures"], [{ runner: "one.normal", code: "E401", message: "no key" }]);
    assert.deepEqual([one.calls, two.calls], [0, 1]);
  });

  it("tries three times again, with growing delays, then asks the next one", async () => {
    const clock = new FakeClock();
    const at: number[] = [];
    const one = make("one", (attempt, context) => {
      at.push(clock.now());
      return failWith(busy())(attempt, context);
    });
    const two = make("two", say("2"));
    const results = ask([one, two], { clock, initialDelayMs: 100, random: () => 1 });
    for (let i = 0; i < 80; i++) await clock.tick(10);
    const final = (await results).at(-1);
    assert.deepEqual(at, [0, 100, 300, 700]);
    assert.equal(final?.metadata["attempts"], 5);
    const failures = final?.metadata["failures"] as { retryDelayMs?: number }[];
    assert.deepEqual(failures.map(({ retryDelayMs }) => retryDelayMs), [100, 200, 400, undefined]);
    assert.equal(two.calls, 1);
  });

  it("draws each delay from the upper half, up to the longest, and tells it", async () => {
    const clock = new FakeClock();
    const draws = [0, 0.5, 1];
    const one = make("one", failWith(busy(), busy(), busy(), runnerError("E400", "no")));
    const random = () => draws.shift() as number;
    const results = ask([one], { clock, initialDelayMs: 100, maxDelayMs: 300, random });
    for (let i = 0; i < 80; i++) await clock.tick(10);
    const failures = (await results)[0]?.metadata["failures"] as { retryDelayMs: number }[];
    assert.deepEqual(failures.map(({ retryDelayMs }) => retryDelayMs), [50, 150, 300]);
    // Unless it is told how to draw, it draws.
    const drawn = new Set<number>();
    for (let i = 0; i < 8; i++) {
      const again = make("one", failWith(busy(), runnerError("E400", "no")));
      const [result] = await ask([again], { initialDelayMs: 10 });
      drawn.add((result?.metadata["failures"] as { retryDelayMs: number }[])[0]?.retryDelayMs as number);
    }
    assert.ok(drawn.size > 1 && [...drawn].every((ms) => ms >= 5 && ms <= 10), `${[...drawn]}`);
  });

  it("tries no more than three times again, whatever it is told", async () => {
    const one = make("one", failWith(busy()));
    await ask([one], { maxRetries: 99, initialDelayMs: 0 });
    assert.equal(one.calls, 4);
  });

  it("waits as long as the service asks for, or leaves it", async () => {
    const clock = new FakeClock();
    const patient = make(
      "one",
      (attempt, context) => (attempt === 1 ? failWith(busy(900)) : say("1"))(attempt, context),
    );
    const results = ask([patient], { clock, initialDelayMs: 1 });
    await clock.tick(899);
    assert.equal(patient.calls, 1);
    await clock.tick(1);
    assert.equal((await results)[0]?.outputs.text, "1");
    const [far, two] = [make("far", failWith(busy(60_000))), make("two", say("2"))];
    assert.equal((await ask([far, two], { clock }))[0]?.outputs.text, "2");
    assert.equal(far.calls, 1);
  });

  it("does not ask another one after a failure that is not recoverable", async () => {
    const [one, two] = [make("one", failWith(runnerError("E400", "not text"))), make("two", say("2"))];
    const results = await ask([one, two]);
    assert.deepEqual(results.map(({ error, partial }) => [error?.code, partial]), [["E400", false]]);
    assert.deepEqual([one.calls, two.calls], [1, 0]);
  });

  it("goes on to the next without a retry where only another runner can help", async () => {
    const [one, two] = [make("one", failWith(runnerError("E502", "half a file"))), make("two", say("2"))];
    assert.equal((await ask([one, two]))[0]?.outputs.text, "2");
    assert.equal(one.calls, 1);
  });

  it("tries nothing again once something was given", async () => {
    const one = make("one", async function* () {
      yield { outputs: { text: "begin" } };
      throw runnerError("E102", "cut");
    });
    const two = make("two", say("2"));
    const results = await ask([one, two]);
    assert.deepEqual(results.map(({ outputs, error, partial }) => [outputs.text, error?.code, partial]), [
      ["begin", undefined, true],
      [undefined, "E102", false],
    ]);
    assert.equal(two.calls, 0);
  });

  it("says the last failure when all have failed, and E404 when there is nobody", async () => {
    const results = await ask([make("one", failWith(busy())), make("two", failWith(runnerError("E503", "no GPU")))], {
      maxRetries: 0,
    });
    assert.deepEqual(results.map(({ error }) => error?.code), ["E503"]);
    assert.equal((results[0]?.metadata["failures"] as unknown[]).length, 2);
    assert.match(String(results[0]?.error?.cause), /every runner failed.*no GPU[^]*one\.normal: busy/);
    assert.equal((await ask([]))[0]?.error?.code, "E404");
  });

  it("is cancelled in a delay", async () => {
    const clock = new FakeClock();
    const stop = new AbortController();
    const one = make("one", failWith(busy()));
    const results = assert.rejects(ask([one], { clock }, stop.signal), /enough/);
    await clock.tick(0);
    assert.equal(clock.pendingCount, 1);
    stop.abort(new Error("enough"));
    await results;
    assert.equal(clock.pendingCount, 0);
  });

  it("asks the next one where a runner is not made for the request", async () => {
    const whole = defineRunner({
      type: "whole.normal",
      summary: "Gives one result.",
      vendor: "whole",
      capabilities: ["llm"],
      streaming: false,
      params: v.object({}),
      run: () => Promise.resolve({ outputs: { text: "whole" } }),
    });
    const two = make("two", say("2"));
    const router = new Router({ capability: "llm", runners: [{ runner: whole }, { runner: two.type }] });
    const results = await Array.fromAsync(router.run({ inputs: { text: "hi" }, streaming: "required" }));
    assert.equal(results[0]?.outputs.text, "2");
    assert.equal((results.at(-1)?.metadata["failures"] as { code: string }[])[0]?.code, "E406");
    // One that does not stream answers with the final result alone.
    const [only, ...others] = await Array.fromAsync(router.run({ inputs: { text: "hi" } }));
    assert.deepEqual([only?.outputs.text, only?.partial, others.length], ["whole", false, 0]);
  });

  it("tells routes of the same runner apart, and takes their vendors and priorities", async () => {
    const { type: runner } = make("one", say("1"));
    const routes = [{ runner, vendor: "b" }, { runner, priority: "high" }, {
      runner,
      vendor: "a",
      name: "mine",
    }] as const;
    const router = new Router({ capability: "llm", runners: routes, vendorOrder: ["a", "one"] });
    assert.deepEqual(router.order, ["mine", "one.normal#2", "one.normal"]);
    const results = await Array.fromAsync(router.run({ inputs: { text: "hi" } }));
    assert.deepEqual(results.map(({ metadata: { runner, attempts } }) => [runner, attempts]), [["mine", 1], [
      "mine",
      1,
    ]]);
  });

  describe("as a node", () => {
    const hi = RuntimeData.text("hi");
    const picky = defineRunner({
      type: "picky.normal",
      summary: "Has parameters.",
      vendor: "picky",
      capabilities: ["llm"],
      streaming: false,
      params: v.object({ volume: v.number() }),
      run: (_, { params }) => Promise.resolve({ outputs: { text: `${params.volume}` } }),
    });
    const node = defineRouter({
      type: "test.any",
      summary: "Asks whoever is there.",
      capability: "llm",
      runners: [make("one", failWith(runnerError("E503", "no GPU"))).type, make("two", say("2")).type, picky],
    });

    it("asks the runners that its parameters name", async () => {
      const runners = [{ runner: "one.normal" }, { runner: "two.normal" }];
      const { output } = await runNode(node, [hi], { params: { runners } });
      assert.deepEqual(output.map((data) => RuntimeData.asText(data)), ["2", ""]);
      const loud = await runNode(node, [hi], {
        params: { runners: [{ runner: "picky.normal", params: { volume: 11 } }] },
      });
      assert.deepEqual(loud.output.map((data) => RuntimeData.asText(data)), ["11"]);
    });

    it("refuses what it does not know, and says where", async () => {
      const wrong = async (runners: unknown) =>
        String(await runNode(node, [hi], { params: { runners } as JsonValue }).catch((thrown) => thrown));
      assert.match(await wrong([]), /params\.runners/);
      assert.match(await wrong([{ runner: "three" }]), /params\.runners\[0\]\.runner/);
      const quiet = [{ runner: "two.normal" }, { runner: "picky.normal", params: { volume: "low" } }];
      assert.match(await wrong(quiet), /params\.runners\[1\]\.params\.volume/);
    });
  });
});
