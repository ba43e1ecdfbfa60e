import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CASES } from "../../bench/cases/mod.ts";
import { CATALOG } from "../../bench/contenders/catalog.ts";
import { readBudgets } from "../../bench/harness/budgets.ts";
import type { Case } from "../../bench/harness/case.ts";
import { METRICS } from "../../bench/harness/metric.ts";
import { schedule } from "../../bench/harness/schedule.ts";

const demo: Case = {
  id: "demo",
  title: "Demo",
  description: "",
  points: () => [{ params: { window: 1 }, contenders: ["a", "b", "c"], rounds: 3 }],
  observe: () => Promise.reject(new Error("not run")),
};

describe("schedule", () => {
  it("lets contenders take turns, backwards in every second round", () => {
    const planned = schedule([demo], { mode: "full", runtimes: ["bun"] });
    assert.equal(planned.map(({ contender }) => contender).join(""), "abccbaabc");
    assert.deepEqual(planned.map(({ round }) => round), [0, 0, 0, 1, 1, 1, 2, 2, 2]);
    assert.ok(planned.every(({ runtime, caseId }) => runtime === "bun" && caseId === "demo"));
  });

  it("makes a round of everything before the next round of anything", () => {
    const other: Case = { ...demo, id: "other", points: () => [{ params: {}, contenders: ["d"], rounds: 2 }] };
    const planned = schedule([demo, other], { mode: "full", runtimes: ["bun"] });
    assert.equal(planned.map(({ contender }) => contender).join(""), "abcdcbadabc");
  });

  it("leaves out who is not wanted, and makes as many rounds as told", () => {
    const options = { mode: "full", runtimes: ["deno", "node"], contenders: ["c"], rounds: 1 } as const;
    assert.deepEqual(schedule([demo], options).map(({ runtime, contender }) => `${runtime} ${contender}`), [
      "deno c",
      "node c",
    ]);
  });
});

describe("the cases", () => {
  const modes = ["quick", "full"] as const;

  it("have contenders of the catalogue only", () => {
    const named = modes.flatMap((mode) => schedule(CASES, { mode, runtimes: ["deno"] }));
    assert.deepEqual([...new Set(named.map(({ contender }) => contender))].filter((name) => !(name in CATALOG)), []);
    assert.equal(new Set(CASES.map(({ id }) => id)).size, CASES.length);
  });

  for (const mode of modes) {
    it(`cover every promised ratio in a ${mode} run`, async () => {
      const planned = schedule(CASES, { mode, runtimes: ["deno"] });
      for (const { id, value, against } of await readBudgets()) {
        for (const selector of against === undefined ? [value] : [value, against]) {
          assert.ok(selector.metric in METRICS, `${id}: ${selector.metric}`);
          for (const contender of selector.contenders) {
            const found = planned.some((one) =>
              one.caseId === selector.case && one.contender === contender &&
              Object.entries(selector.params).every(([name, wanted]) => one.params[name] === wanted)
            );
            assert.ok(found, `${id}: nothing observes ${contender} in ${selector.case}`);
          }
        }
      }
    });
  }
});
