import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { commandLines, groupOf, isAlive, until } from "../../_support/processes.ts";

const PROGRAM = fileURLToPath(new URL("../../_support/programs/process_host.ts", import.meta.url));

/** Starts a host, and gives it with its children once they are at work. */
async function startHost(how: "exit" | "stay") {
  const flags = "Deno" in globalThis ? ["run", "-A"] : [];
  const host = spawn(process.execPath, [...flags, PROGRAM, how], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = new Promise<void>((resolve) => host.once("exit", () => resolve()));
  for await (const line of createInterface({ input: host.stdout })) {
    return { host, exited, pids: JSON.parse(line) as number[] };
  }
  throw new Error("the host ended before its children were at work");
}

/** Nothing is left of the children, nor of their guards. */
async function assertGone(pids: readonly number[]): Promise<void> {
  try {
    assert.equal(pids.length, 2);
    for (const pid of pids) await until(() => !isAlive(pid), `the end of process ${pid}`);
    const isGuard = (line: string) => pids.some((pid) => line.endsWith(` sh ${pid}`));
    await until(() => !commandLines().some(isGuard), "the end of the guards");
  } finally {
    for (const pid of pids.filter(isAlive)) process.kill(pid, "SIGKILL");
  }
}

describe("the child processes of a host", () => {
  it("end when it is killed, be it that they compute for ever", async () => {
    const { host, exited, pids } = await startHost("stay");
    assert.deepEqual(pids.map(isAlive), [true, true]);
    // Ctrl-C is for the host, not for those that it still needs.
    for (const pid of pids) assert.ok([pid, undefined].includes(groupOf(pid)), `${pid} is in group ${groupOf(pid)}`);
    host.kill("SIGKILL");
    await exited;
    await assertGone(pids);
  });

  it("end when it exits and closes nothing", async () => {
    const { exited, pids } = await startHost("exit");
    await exited;
    await assertGone(pids);
  });
});
