import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { until } from "../_support/processes.ts";
import { type Attack, ATTACK_NAMES } from "./_hostile_entry.ts";
import { fuzzMessages, HostileRack } from "./_fuzz_messages.ts";

/** Fails with everything that went wrong, each with what draws it again. */
async function run(options: Omit<Parameters<typeof fuzzMessages>[0], "onFailure">) {
  const failures: string[] = [];
  const onFailure = (attack: Attack, error: unknown) => {
    failures.push(`${JSON.stringify(attack)}: ${error instanceof Error ? error.stack : String(error)}`);
  };
  const report = await fuzzMessages({ ...options, onFailure });
  assert.deepEqual(failures, []);
  return report;
}

/** How a session may end whose worker gives a false result after everything else. */
const LATE = ["ended", "protocol-violation"];

describe("a host with a hostile worker", () => {
  it("gets values that are valid, or an error that names the plugin; others notice nothing (short form of the fuzz)", async () => {
    const report = await run({ seed: 1, rounds: ATTACK_NAMES.length });
    assert.deepEqual(Object.keys(report).sort(), [...ATTACK_NAMES].sort());
    // What cannot be but a violation, whatever was drawn.
    for (
      const how of [
        "control: ready again, as another thread",
        "control: a board, though it shares one",
        "control: log entries in others' names",
      ]
    ) {
      assert.deepEqual(Object.keys(report[how]!), ["protocol-violation"], how);
    }
    // All has been given already; whether the session has ended by then is a race.
    for (const ending of Object.keys(report["result: of another"]!)) assert.ok(LATE.includes(ending), ending);
  });

  it("holds it against the plugin also where its sessions may have ended well by then", async () => {
    const rack = await HostileRack.open();
    try {
      const ending = await rack.round({ how: "result: of another", seed: 7 });
      assert.ok(LATE.includes(ending), ending);
      await until(() => rack.violations === 1, "that it is held against the plugin");
    } finally {
      await rack.close();
    }
  });

  it("does so without shared memory", async () => {
    const attacks = ["links: messages changed", "links: anything posted", "result: of another"] as const;
    await run({ seed: 100, rounds: 2 * attacks.length, attacks, sharedMemory: false });
  });
});
