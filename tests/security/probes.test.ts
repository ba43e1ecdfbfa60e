import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { PERMISSION_KINDS } from "../../core/node/permissions.ts";
import { type BoxCheck, makeBox } from "../../workers/box/box.ts";
import { WORKER_ENTRY_URL } from "../../workers/entry_url.ts";
import { describeInPool } from "../../workers/plugins.ts";
import { GroupPool, type TaskPool } from "../../workers/pool.ts";
import { ProcessPool } from "../../workers/process/process_pool.ts";
import { inTempFolder } from "../cli/_temp_folder.ts";
import { itHeld } from "../_support/enforces.ts";
import { rejectionOf } from "../_support/errors.ts";
import { writePlugin } from "../_support/written_plugin.ts";

const NOTHING: BoxCheck = { denied: [], dropRead: undefined, envNames: undefined };

/** Loads a plugin in a pool that is to check something, and gives the error; its code must not have run. */
async function refusalIn(makePool: (pluginUrl: string) => TaskPool): Promise<Error> {
  return await inTempFolder(async (folder) => {
    const trace = join(folder, "trace");
    const plugin = await writePlugin(folder, "talk", { atLoad: `writeFileSync(${JSON.stringify(trace)}, "it ran");` });
    const pool = makePool(plugin.href);
    try {
      const error = await rejectionOf(describeInPool(plugin.href, pool, 60_000));
      assert.equal(error.reason, "permission-denied", error.message);
      assert.ok(!existsSync(trace), "its code ran");
      return error;
    } finally {
      await pool.close();
    }
  });
}

/** Threads that hold nothing, and are told that they do. */
const openThreads = (boxCheck: BoxCheck) => () =>
  new GroupPool({ workerEntry: WORKER_ENTRY_URL, maxThreads: 1, boxCheck });

describe("the probes of a box that holds nothing", () => {
  for (const kind of PERMISSION_KINDS) {
    it(`find that ${kind} is open, and the plugin is not loaded`, async () => {
      const error = await refusalIn(openThreads({ ...NOTHING, denied: [kind] }));
      assert.match(error.message, new RegExp(`does not keep this plugin from what was not granted to it: ${kind}\\.`));
    });
  }

  it("find all that is open, and tell it at once", async () => {
    const denied = PERMISSION_KINDS.filter((kind) => kind !== "env");
    const error = await refusalIn(openThreads({ denied, dropRead: process.cwd(), envNames: [] }));
    assert.ok(error.message.includes(`${denied.join(", ")}, read of ${process.cwd()}, env.`), error.message);
  });

  it("find a folder that can be read, and a variable that was not granted", async () => {
    assert.match(
      (await refusalIn(openThreads({ ...NOTHING, dropRead: process.cwd() }))).message,
      /not granted to it: read of /,
    );
    const names = Object.keys(process.env).filter((name) => name !== "PATH");
    assert.match((await refusalIn(openThreads({ ...NOTHING, envNames: names }))).message, /not granted to it: env\./);
  });

  itHeld(
    "are asked in a child process as well",
    async () => {
      const error = await refusalIn((url) => {
        const all = Object.fromEntries(PERMISSION_KINDS.map((kind) => [kind, true] as const));
        const { box } = makeBox({ tier: "process", url, grants: all }, WORKER_ENTRY_URL);
        return new ProcessPool({
          pluginUrl: url,
          grants: all,
          box: { ...box!, check: { ...NOTHING, denied: ["read"] } },
        });
      });
      assert.match(error.message, /not granted to it: read\./);
    },
  );
});
