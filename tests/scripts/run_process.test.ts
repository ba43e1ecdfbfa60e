import assert from "node:assert/strict";
import process from "node:process";
import { describe, it } from "node:test";
import { runProcess } from "../../scripts/lib/run_process.ts";
import { runtimePath } from "../../scripts/toolchain.ts";

const DEADLINE_MS = 60_000;

async function runCode(code: string, options: { deadlineMs?: number; env?: Record<string, string | undefined> } = {}) {
  return await runProcess({
    command: await runtimePath("node"),
    args: ["-e", code],
    deadlineMs: DEADLINE_MS,
    ...options,
  });
}

describe("runProcess", () => {
  it("gives what a program said and how it ended", async () => {
    const result = await runCode("console.log('out'); console.error('err'); process.exitCode = 3");
    assert.equal(result.ok, false);
    assert.equal(result.ending, "exit code 3");
    assert.equal(result.stdout, "out\n");
    assert.match(result.output, /out[\s\S]*err|err[\s\S]*out/);
  });

  it("says so when the program is not there", async () => {
    const result = await runProcess({ command: "no-such-program-here", deadlineMs: DEADLINE_MS });
    assert.equal(result.ok, false);
    assert.match(result.ending, /could not be started.*no-such-program-here/);
  });

  it("adds and removes variables", async () => {
    process.env["STREAMRACK_GONE"] = "1";
    const code = "console.log(process.env.STREAMRACK_GONE, process.env.STREAMRACK_NEW)";
    const result = await runCode(code, { env: { STREAMRACK_GONE: undefined, STREAMRACK_NEW: "2" } });
    delete process.env["STREAMRACK_GONE"];
    assert.equal(result.stdout, "undefined 2\n");
  });

  it("kills what hangs, with the programs that it started", async () => {
    const inner = "setInterval(() => {}, 1000)";
    const outer = `const { spawn } = require("node:child_process");
      console.log(spawn(process.execPath, ["-e", ${JSON.stringify(inner)}], { stdio: "inherit" }).pid);
      setInterval(() => {}, 1000);`;
    const result = await runCode(outer, { deadlineMs: 3000 });
    assert.match(result.ending, /killed after 3 s/);
    const pid = Number(result.stdout);
    assert.ok(pid > 0, `the inner program had started: ${result.output}`);
    const isAlive = () => {
      try {
        return process.kill(pid, 0);
      } catch {
        return false;
      }
    };
    // Its end is the kernel's to report; a loop, since nothing announces it.
    for (let tries = 0; tries < 100 && isAlive(); tries++) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(isAlive(), false);
  });
});
