/** The load on the service, in short: what it tells is right, whatever the times are. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { ROOT } from "../../scripts/lib/files.ts";

const flags = process.versions["deno"] === undefined ? [] : ["run", "-A", "--no-check"];

/** Runs it, and gives what it printed and how it ended. */
async function load(
  ...args: string[]
): Promise<{ readonly stdout: string; readonly stderr: string; readonly code: number }> {
  const command = [...flags, join(ROOT, "bench/remote/load.ts"), ...args];
  return await promisify(execFile)(process.execPath, command).then(
    (said) => ({ ...said, code: 0 }),
    (error: { stdout: string; stderr: string; code: number }) => error,
  );
}

describe("bench/remote/load.ts", () => {
  for (const against of ["service", "echo"]) {
    it(`answers every chunk, against ${against}, and tells what was offered, served and missed`, async () => {
      const { stdout, code } = await load(
        ...["--streams", "3", "--rate", "20", "--seconds", "2", "--against", against, "--json"],
      );
      const { looks, ...told } = JSON.parse(stdout) as Record<string, unknown> & { looks: { answered: number }[] };
      assert.equal(code, told["grows"] === true ? 1 : 0);
      assert.deepEqual([told["against"], told["streams"], told["missedFromMs"]], [against, 3, 50]);
      for (const name of ["offeredPerS", "servedPerS", "p50Ms", "p99Ms", "missed"]) {
        assert.ok(Number.isFinite(told[name]) && Number(told[name]) >= 0, `${name}: ${told[name]}`);
      }
      assert.ok(Number(told["missed"]) <= 120 && looks.length > 0);
    });
  }

  it("says how it is used, also where an option is not right", async () => {
    const help = await load("--help");
    assert.deepEqual([help.code, /--streams/.test(help.stdout)], [0, true]);
    for (const wrong of [["--streams", "0"], ["--seconds", "1"], ["--against", "x"]]) {
      const { code, stderr } = await load(...wrong);
      assert.deepEqual([code, /--streams/.test(stderr)], [2, true], wrong.join(" "));
    }
  });
});
