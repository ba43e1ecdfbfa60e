import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readDescribeResult } from "../../../workers/control_messages.ts";
import { MEMBERS_MAX } from "../../../workers/process/codec.ts";
import { ProcessPool } from "../../../workers/process/process_pool.ts";
import { type DescribeTask, PROTOCOL_VERSION } from "../../../workers/protocol.ts";
import { RemoteTask } from "../../../workers/remote_task.ts";
import { rejectionOf } from "../../_support/errors.ts";
import { runProgram } from "../../_support/runtime_process.ts";
import { testPlugin } from "../../_support/runtime.ts";

const pluginUrl = testPlugin("probe").href;

/** A task with something in it that no host of ours puts there. */
function taskWith(pool: ProcessPool, extra: unknown) {
  const task: Omit<DescribeTask, "trunk"> = { kind: "describe", protocolVersion: PROTOCOL_VERSION, pluginUrl };
  return new RemoteTask({
    pool,
    task: { ...task, extra } as typeof task,
    group: "probe",
    nodeId: "n0",
    pluginName: "probe",
    readResult: readDescribeResult,
  });
}

describe("a task that cannot be sent to a child process", () => {
  it("is refused for what it is, and leaves the process to others", async () => {
    const pool = new ProcessPool({ pluginUrl });
    try {
      const first = taskWith(pool, undefined);
      assert.equal((await first.result).ok, true);
      for (
        const [extra, reason, message] of [
          [() => {}, "not-cloneable", /a function cannot be sent to another process/],
          [new Map(), "not-cloneable", /an instance of a class/],
          [new Array(MEMBERS_MAX + 1), "limit-exceeded", /too many parts.*Send at most/s],
        ] as const
      ) {
        const unsent = taskWith(pool, extra);
        const error = await rejectionOf(unsent.result);
        assert.deepEqual([error.reason, error.nodeId, error.pluginName], [reason, "n0", "probe"], error.message);
        assert.match(error.message, message);
        const next = taskWith(pool, undefined);
        assert.equal((await next.result).ok, true);
        assert.equal(next.threadId, first.threadId, "it is another process");
      }
      assert.equal(pool.threads, 1);
    } finally {
      await pool.close();
    }
  });

  it("does not stand in the way of a task that runs beside it", async () => {
    const pool = new ProcessPool({ pluginUrl });
    try {
      const running = taskWith(pool, undefined);
      await rejectionOf(taskWith(pool, () => {}).result);
      assert.equal((await running.result).ok, true);
    } finally {
      await pool.close();
    }
  });

  it("keeps neither the process that was started for it, nor the host", async () => {
    // The host has closed nothing; it ends by itself.
    const { stdout } = await runProgram(new URL("../../_support/programs/unsent_task.ts", import.meta.url));
    assert.equal(stdout.trim(), "not-cloneable");
  });
});
