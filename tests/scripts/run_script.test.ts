import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { ROOT } from "../../scripts/lib/files.ts";
import { runProcess } from "../../scripts/lib/run_process.ts";
import { runtimePath } from "../../scripts/toolchain.ts";

const DEADLINE_MS = 60_000;

describe("runScript", () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "streamrack-script-"));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const runMain = async (main: string, env: Record<string, string | undefined> = {}) => {
    const url = pathToFileURL(join(ROOT, "scripts/lib/run_script.ts")).href;
    const path = join(folder, "script.ts");
    await writeFile(path, `import { runScript } from "${url}";\nawait runScript(${main});\n`);
    const command = await runtimePath("deno");
    return await runProcess({
      command,
      args: ["run", "-A", path],
      env: { NO_COLOR: "1", ...env },
      deadlineMs: DEADLINE_MS,
    });
  };

  it("ends with the exit code of the script, although a timer still runs", async () => {
    const { ending } = await runMain("() => { setInterval(() => {}, 1000); return 3; }");
    assert.equal(ending, "exit code 3");
  });

  it("prints an error by its message, and by its stack on demand", async () => {
    const main = `() => { throw new Error("do this instead"); }`;
    const plain = await runMain(main, { DEBUG: undefined });
    assert.equal(plain.ending, "exit code 1");
    assert.equal(plain.output.trim(), "error: do this instead");
    assert.match((await runMain(main, { DEBUG: "1" })).output, /do this instead\n\s+at /);
  });
});

describe("scripts/gate.ts", () => {
  it("runs one check by its name, and refuses others", async () => {
    const gate = async (name: string) => {
      const args = ["run", "-A", "scripts/gate.ts", name];
      return await runProcess({ command: await runtimePath("deno"), args, cwd: ROOT, deadlineMs: DEADLINE_MS });
    };
    const one = await gate("exports");
    assert.match(one.output, /exports \(\d+\.\d s\)/);
    assert.doesNotMatch(one.output, /lint/);
    const none = await gate("no-such-check");
    assert.equal(none.ending, "exit code 2");
    assert.match(none.output, /no such check: no-such-check/);
  });
});
