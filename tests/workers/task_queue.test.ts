import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { Piscina, type TaskQueue as PiscinaTaskQueue } from "piscina";
import { readDescribeResult } from "../../workers/control_messages.ts";
import { WORKER_ENTRY_URL } from "../../workers/entry_url.ts";
import { GroupPool } from "../../workers/pool.ts";
import { PROTOCOL_VERSION } from "../../workers/protocol.ts";
import { RemoteTask } from "../../workers/remote_task.ts";
import { TaskQueue } from "../../workers/task_queue.ts";
import { rejectionOf } from "../_support/errors.ts";
import { writePlugin } from "../_support/written_plugin.ts";

type Task = Parameters<PiscinaTaskQueue["push"]>[0];

function taskWith(options: object): Task {
  return { [Piscina.queueOptionsSymbol]: options } as unknown as Task;
}

describe("TaskQueue", () => {
  it("gives tasks in the order in which they came", () => {
    const queue = new TaskQueue();
    const tasks = [{}, {}, {}].map(taskWith);
    for (const task of tasks) queue.push(task);
    assert.equal(queue.size, 3);
    assert.deepEqual([queue.shift(), queue.shift(), queue.shift(), queue.shift()], [...tasks, null]);
    assert.equal(queue.size, 0);
  });

  it("lets a task be taken off by its options, once", () => {
    const queue = new TaskQueue();
    const options = [{}, {}, {}];
    const tasks = options.map(taskWith);
    for (const task of tasks) queue.push(task);
    assert.equal(queue.giveUp(options[1]!), true);
    assert.equal(queue.giveUp(options[1]!), false);
    assert.equal(queue.giveUp({}), false);
    assert.equal(queue.size, 2);
    queue.remove(tasks[1]!);
    assert.deepEqual([queue.shift(), queue.shift()], [tasks[0], tasks[2]]);
  });
});

describe("a task that is given up while it waits for a thread", () => {
  it("never runs, and those behind it do", async () => {
    const folder = await mkdtemp(join(tmpdir(), "streamrack-queue-"));
    const note = (file: string) =>
      `import { appendFileSync } from "node:fs"; appendFileSync(${
        JSON.stringify(join(folder, "loaded"))
      }, "${file} ");`;
    const [slow, unwanted, last] = [
      await writePlugin(folder, "slow", {
        atLoad: `${note("slow")} await new Promise((resolve) => setTimeout(resolve, 300));`,
      }),
      await writePlugin(folder, "unwanted", { atLoad: note("unwanted") }),
      await writePlugin(folder, "last", { atLoad: note("last") }),
    ] as const;
    const pool = new GroupPool({ workerEntry: WORKER_ENTRY_URL, maxThreads: 1, tasksPerThread: 1 });
    const describeIn = (url: URL) =>
      new RemoteTask({
        pool,
        task: { kind: "describe", protocolVersion: PROTOCOL_VERSION, pluginUrl: url.href },
        group: "test",
        readResult: readDescribeResult,
      });
    try {
      const [running, waiting, behind] = [slow, unwanted, last].map(describeIn);
      await waiting!.endWithin(0);
      assert.equal((await rejectionOf(waiting!.result)).reason, "session-cancelled");
      assert.equal((await running!.result).ok, true);
      assert.equal((await behind!.result).ok, true);
      assert.equal(await readFile(join(folder, "loaded"), "utf8"), "slow last ");
    } finally {
      await pool.close();
      await rm(folder, { recursive: true });
    }
  });
});
