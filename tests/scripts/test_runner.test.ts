import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import process from "node:process";
import { ROOT } from "../../scripts/lib/files.ts";
import { runProcess } from "../../scripts/lib/run_process.ts";
import { runtimePath } from "../../scripts/toolchain.ts";

const FILES = {
  "good.test.ts": `import { it } from "node:test"; it("holds", () => {}); it("waits", { skip: "a reason" }, () => {});`,
  "bad.test.ts": `import { it } from "node:test"; it("fails", () => { throw new Error("on purpose"); });`,
  "empty.test.ts": `export {};`,
  "crash.test.ts": `throw new Error("while loading");`,
  "hang.test.ts": `import { it } from "node:test"; it("hangs", () => new Promise(() => setInterval(() => {}, 1000)));`,
  "not_a_test.ts": `throw new Error("must not be run");`,
};

const runtime = ["deno", "bun"].find((name) => process.versions[name] !== undefined) ?? "node";

describe(`scripts/test.ts with files on ${runtime}`, () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "streamrack-runner-"));
    for (const [name, text] of Object.entries(FILES)) await writeFile(join(folder, name), text);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const run = async (...args: string[]) => {
    const command = await runtimePath("deno");
    const base = ["run", "-A", "scripts/test.ts", "--runtime", runtime, "--folder", folder];
    const env = { NO_COLOR: "1", NODE_TEST_CONTEXT: undefined };
    const { ok, ending, output } = await runProcess({
      command,
      args: [...base, ...args],
      cwd: ROOT,
      env,
      deadlineMs: 100_000,
    });
    return { ok, ending, output, last: output.trim().split("\n").at(-1) };
  };

  it("counts tests, and the check of the runtime, when all hold", async () => {
    const { ok, output, last } = await run("good");
    assert.ok(ok, output);
    assert.equal(last, "2 passed, 0 failed, 1 skipped");
    assert.match(output, /runtime +files +passed +failed +skipped +seconds/);
    assert.match(output, /skipped on .*good\.test\.ts: waits/);
  });

  it("fails for a failed test, a file without tests and a file that does not load", async () => {
    const { ending, output, last } = await run("good", "bad", "empty", "crash");
    assert.equal(ending, "exit code 1", output);
    assert.equal(last, "2 passed, 3 failed, 1 skipped", output);
    for (const said of [/on purpose/, /empty\.test\.ts: 0 passed, 1 failed/, /while loading/]) {
      assert.match(output, said);
    }
  });

  it("ends a file that hangs", async () => {
    const { ending, output } = await run("--deadline", "4", "hang");
    assert.equal(ending, "exit code 1", output);
    assert.match(output, /hang\.test\.ts: 0 passed, 1 failed \(killed after 4 s/);
  });

  it("refuses what it does not know", async () => {
    assert.equal((await run("no-such-file")).ending, "exit code 2");
    const { ending, output } = await run("--jobs", "many");
    assert.equal(ending, "exit code 2");
    assert.match(output, /--jobs many: expected a whole number[\s\S]*usage: deno task test/);
  });
});
