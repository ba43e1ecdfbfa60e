import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runProcess } from "../../scripts/lib/run_process.ts";
import { runtimePath } from "../../scripts/toolchain.ts";
import { RUNTIME_VERSIONS, type RuntimeName } from "../../scripts/versions.ts";

describe("runtimePath", () => {
  for (const name of Object.keys(RUNTIME_VERSIONS) as RuntimeName[]) {
    it(`gives a ${name} that runs, also when asked for several times at once`, async () => {
      const [path, again] = await Promise.all([runtimePath(name), runtimePath(name)]);
      assert.equal(path, again);
      const { ok, stdout } = await runProcess({ command: path, args: ["--version"], deadlineMs: 30_000 });
      assert.ok(ok);
      // Deno is whichever runs the tasks; the others are pinned.
      if (name !== "deno") assert.equal(stdout.trim().replace(/^v/, ""), RUNTIME_VERSIONS[name]);
    });
  }
});
