import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createRuntime, definePlugin, type Runtime, RuntimeData, type Session } from "../../mod.ts";
import { inTempFolder } from "../cli/_temp_folder.ts";
import { rejectionOf } from "../_support/errors.ts";
import { chain } from "../_support/runtime.ts";
import { writePlugin } from "../_support/written_plugin.ts";

async function answer(session: Session): Promise<string> {
  await session.send(RuntimeData.text("?"));
  for await (const { data } of session) return RuntimeData.asText(data);
  return "nothing";
}

async function said(runtime: Runtime, type: string): Promise<string> {
  const { outputs } = await runtime.execute(chain(type), { n0: RuntimeData.text("?") });
  return RuntimeData.asText(outputs["n0"]![0]!);
}

describe("runtime.reload", () => {
  for (const tier of ["worker", "process"] as const) {
    it(`lets running sessions finish on the old plugin, and gives the new one to new sessions (${tier})`, async () => {
      await inTempFolder(async (folder) => {
        const plugin = await writePlugin(folder, "talk", { says: "old" });
        await using runtime = await createRuntime({ plugins: [{ plugin, tier }] });
        const old = await runtime.open(chain("talk.say"));
        await writePlugin(folder, "talk", { version: "2.0.0", says: "new" });
        assert.equal((await runtime.reload("talk")).version, "2.0.0");
        assert.equal(runtime.registry.find("talk.say")?.plugin.description.version, "2.0.0");
        assert.equal(await said(runtime, "talk.say"), "new");
        const threads = runtime.metrics().threads;
        assert.equal(await answer(old), "old");
        await old.cancel();
        // The old generation goes with its last session.
        await runtime.reload("talk");
        assert.ok(runtime.metrics().threads <= threads, `${runtime.metrics().threads} threads`);
        assert.equal(await said(runtime, "talk.say"), "new");
      });
    });
  }

  it("leaves the old plugin serving where the new one cannot be loaded", async () => {
    await inTempFolder(async (folder) => {
      const plugin = await writePlugin(folder, "talk", { says: "old" });
      const other = await writePlugin(folder, "other", { says: "other" });
      await using runtime = await createRuntime({ plugins: [plugin, other] });
      const cases = [
        [{ atLoad: 'throw new Error("broken");' }, "plugin-load-failed", /broken/],
        [{ apiVersion: 2 }, "plugin-api-version", /version 2/],
        [{ name: "walk" }, "invalid-plugin", /calls itself "walk"/],
        [{ type: "other.say" }, "duplicate-node-type", /other\.say/],
      ] as const;
      for (const [change, reason, message] of cases) {
        await writePlugin(folder, "talk", { says: "new", ...change });
        const error = await rejectionOf(runtime.reload("talk"));
        assert.equal(error.reason, reason, error.message);
        assert.match(error.message, message);
        assert.equal(await said(runtime, "talk.say"), "old");
      }
      await writePlugin(folder, "talk", { says: "new" });
      await runtime.reload("talk");
      assert.equal(await said(runtime, "talk.say"), "new");
      assert.equal(await said(runtime, "other.say"), "other");
    });
  });

  it("loads plugins that share threads together, and keeps them together", async () => {
    await inTempFolder(async (folder) => {
      const plugins = [
        await writePlugin(folder, "one", { says: "old" }),
        await writePlugin(folder, "two", { says: "old" }),
      ];
      await using runtime = await createRuntime({ plugins, trust: [["one", "two"]] });
      await writePlugin(folder, "two", { says: "new" });
      await Promise.all([runtime.reload("one"), runtime.reload("two")]);
      const session = await runtime.open(chain("one.say", "two.say"));
      assert.ok((await session.metrics()).links.some(({ isFused }) => isFused));
      assert.equal(await answer(session), "new");
      await session.cancel();
    });
  });

  it("refuses names that it does not know, plugins that are objects, and a runtime that was closed", async () => {
    const plugin = definePlugin({ name: "object", version: "1.0.0", apiVersion: 1, nodes: [] });
    const runtime = await createRuntime({ plugins: [{ tier: "inline", plugin }] });
    assert.equal((await rejectionOf(runtime.reload("nobody"))).reason, "plugin-not-found");
    assert.equal((await rejectionOf(runtime.reload("object"))).reason, "invalid-options");
    await runtime.close();
    assert.equal((await rejectionOf(runtime.reload("object"))).reason, "runtime-closed");
  });
});
