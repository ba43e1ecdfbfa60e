import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { buildDescription, createRuntime, type PlacedPlugin, type Runtime, RuntimeData, VERSION } from "../../mod.ts";
import { inTempFolder } from "../cli/_temp_folder.ts";
import { rejectionOf } from "../_support/errors.ts";
import { chain } from "../_support/runtime.ts";
import { writePlugin } from "../_support/written_plugin.ts";

const TIERS = ["worker", "process"] as const;

async function said(runtime: Runtime): Promise<string> {
  const { outputs } = await runtime.execute(chain("talk.say"), { n0: RuntimeData.text("?") });
  return RuntimeData.asText(outputs["n0"]![0]!);
}

/** Code that leaves a trace, so that a test sees whether it ran. */
const trace = (folder: string) => `writeFileSync(${JSON.stringify(join(folder, "trace"))}, "it ran");`;

describe("the version of a plugin", () => {
  for (const tier of TIERS) {
    it(`is taken within the range of the application, and refused outside of it (${tier})`, async () => {
      await inTempFolder(async (folder) => {
        const plugin = await writePlugin(folder, "talk", { version: "1.4.0", says: "hello" });
        for (const version of ["^1.2.0", "1.4.0", ">=1 <2", "~1.3 || ~1.4", undefined]) {
          await using runtime = await createRuntime({ plugins: [{ plugin, tier, version }] });
          assert.equal(await said(runtime), "hello");
        }
        const error = await rejectionOf(createRuntime({ plugins: [{ plugin, tier, version: "^2.0.0" }] }));
        assert.deepEqual([error.reason, error.code, error.pluginName], [
          "plugin-version",
          "failed-precondition",
          "talk",
        ]);
        assert.deepEqual(error.problems.map(({ path, received, expected }) => [path, received, expected]), [
          ["plugins.version", '"1.4.0"', 'a version in "^2.0.0"'],
        ]);
        assert.match(error.message, /it is version 1\.4\.0, and the application wants \^2\.0\.0.*Install a version/s);
      });
    });

    it(`is asked for at a reload: another one leaves the old one serving (${tier})`, async () => {
      await inTempFolder(async (folder) => {
        const plugin = await writePlugin(folder, "talk", { version: "1.4.0", says: "old" });
        await using runtime = await createRuntime({ plugins: [{ plugin, tier, version: "^1.2.0" }] });
        for (const version of ["2.0.0", "1.1.9", "1.5.0-beta.1"]) {
          await writePlugin(folder, "talk", { version, says: "new" });
          const error = await rejectionOf(runtime.reload("talk"));
          assert.equal(error.reason, "plugin-version", error.message);
          assert.equal(runtime.registry.find("talk.say")?.plugin.description.version, "1.4.0");
          assert.equal(await said(runtime), "old");
        }
        await writePlugin(folder, "talk", { version: "1.5.0", says: "new" });
        assert.equal((await runtime.reload("talk")).version, "1.5.0");
        assert.equal(await said(runtime), "new");
      });
    });
  }

  it("is asked for in every new thread: what was put in its place since then is not run", async () => {
    await inTempFolder(async (folder) => {
      const plugin = await writePlugin(folder, "talk", { version: "1.4.0", says: "old" });
      await using runtime = await createRuntime({ plugins: [{ plugin, version: "^1.2.0" }], maxThreads: 2 });
      await using _busy = await runtime.open(chain("talk.say"));
      await writePlugin(folder, "talk", { version: "2.0.0", says: "new" });
      const error = await rejectionOf(runtime.open(chain("talk.say")));
      assert.deepEqual([error.reason, error.pluginName], ["plugin-version", "talk"], error.message);
    });
  });

  it("is read from a description, where there is one: nothing of the plugin runs to be refused", async () => {
    await inTempFolder(async (folder) => {
      const plugin = await writePlugin(folder, "talk", { version: "1.4.0" });
      await buildDescription(plugin);
      await writePlugin(folder, "talk", { version: "1.4.0", atLoad: trace(folder) });
      const error = await rejectionOf(createRuntime({ plugins: [{ plugin, version: "<1.4" }] }));
      assert.equal(error.reason, "plugin-version", error.message);
      assert.ok(!existsSync(join(folder, "trace")), "its code ran");
    });
  });

  it("is a range that can be read, or the plugin is not named right", async () => {
    for (const version of ["newest", "", "1.2 - 2.3", 1, {}, "x".repeat(1_000)]) {
      const named = { plugin: "./nowhere.mjs", version } as PlacedPlugin;
      const error = await rejectionOf(createRuntime({ plugins: [named] }));
      assert.equal(error.reason, "invalid-options", error.message);
      assert.deepEqual(error.problems.map(({ path }) => path), ["plugins.version"]);
    }
  });
});

describe("the version of Streamrack", () => {
  it("is what a plugin says that it works with, in load and in reload", async () => {
    await inTempFolder(async (folder) => {
      const plugin = await writePlugin(folder, "talk", { streamrack: `>=${VERSION} <99`, says: "old" });
      await using runtime = await createRuntime({ plugins: [plugin] });
      assert.equal(runtime.registry.find("talk.say")?.plugin.description.streamrack, `>=${VERSION} <99`);
      await writePlugin(folder, "talk", { streamrack: ">=99", says: "new" });
      for (const load of [() => runtime.reload("talk"), () => createRuntime({ plugins: [plugin] })]) {
        const error = await rejectionOf(load());
        assert.equal(error.reason, "plugin-version", error.message);
        assert.match(error.message, new RegExp(`talk\\.mjs: .*does not work with version ${VERSION}.*>=99`, "s"));
      }
      assert.equal(await said(runtime), "old");
    });
  });

  it("is asked for where a plugin is only described, before the description is read any further", async () => {
    await inTempFolder(async (folder) => {
      const plugin = await writePlugin(folder, "talk");
      const { path } = await buildDescription(plugin);
      const document = JSON.parse(await readFile(path, "utf8"));
      await writePlugin(folder, "talk", { atLoad: trace(folder) });
      await writeFile(path, JSON.stringify({ ...document, description: { streamrack: ">=99", nodes: "later forms" } }));
      const error = await rejectionOf(createRuntime({ plugins: [plugin] }));
      assert.equal(error.reason, "plugin-version", error.message);
      assert.ok(!existsSync(join(folder, "trace")), "its code ran");
    });
  });

  it("is asked for of a plugin that is an object, too", async () => {
    const plugin = { name: "object", version: "1.0.0", apiVersion: 1, streamrack: ">=99", nodes: [] };
    const error = await rejectionOf(createRuntime({ plugins: [{ tier: "inline", plugin }] }));
    assert.equal(error.reason, "plugin-version");
  });
});
