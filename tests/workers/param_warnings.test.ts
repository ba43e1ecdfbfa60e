import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { LogEntry } from "../../mod.ts";
import { chain, withRuntime } from "../_support/runtime.ts";

describe("a parameter that a node does not have", () => {
  it("is warned of once, however many sessions it is given to", async () => {
    const log: LogEntry[] = [];
    await withRuntime(async (runtime) => {
      const open = async (params: Record<string, number>) => {
        const session = await runtime.open(chain(["audio.gain", params]));
        await session.cancel();
        return session.id;
      };
      const first = await open({ gainDb: 3, gian: 2 });
      await open({ gainDb: 3, gian: 4 });
      const third = await open({ gainDb: 3, colour: 1 });
      const message = (name: string) => `nodes[0].params.${name}: is ignored: audio.gain has no such parameter`;
      const common = { level: "warn", nodeId: "n0", pluginName: "audio" };
      assert.deepEqual(log, [
        { ...common, sessionId: first, message: message("gian") },
        { ...common, sessionId: third, message: message("colour") },
      ]);
    }, { onLog: (entry) => log.push(entry) });
  });

  it("is warned of so often that a stranger cannot fill the log", async () => {
    const log: LogEntry[] = [];
    await withRuntime(async (runtime) => {
      const params = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`x${i}`, i]));
      const session = await runtime.open(chain(["audio.gain", params]));
      await session.cancel();
      assert.equal(log.length, 256);
    }, { onLog: (entry) => log.push(entry) });
  });
});
