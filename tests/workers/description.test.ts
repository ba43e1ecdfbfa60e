import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { buildDescription, createRuntime, RuntimeData } from "../../mod.ts";
import { inTempFolder } from "../cli/_temp_folder.ts";
import { rejectionOf } from "../_support/errors.ts";
import { runCli } from "../_support/run_cli.ts";
import { chain } from "../_support/runtime.ts";
import { writePlugin } from "../_support/written_plugin.ts";

/** Code that leaves a trace, so that a test sees whether it ran. */
const trace = (folder: string) => `writeFileSync(${JSON.stringify(join(folder, "trace"))}, "it ran");`;

describe("a plugin with a description beside it", () => {
  it("is listed, planned and checked without running, and runs when a session needs it", async () => {
    await inTempFolder(async (folder) => {
      const plugin = await writePlugin(folder, "talk", { says: "hello" });
      const { path, isCurrent, description } = await buildDescription(plugin);
      assert.equal(path, join(folder, "talk.streamrack.json"));
      assert.equal(isCurrent, false);
      assert.deepEqual([description.name, description.nodes[0]?.type], ["talk", "talk.say"]);

      await writePlugin(folder, "talk", { says: "hello", atLoad: trace(folder) });
      await using runtime = await createRuntime({ plugins: [plugin] });
      assert.deepEqual(runtime.registry.find("talk.say")?.plugin.description, description);
      assert.deepEqual(await runtime.validate(chain(["talk.say", { times: 2 }], "talk.say")), []);
      const problems = await runtime.validate(chain("audio.gain", ["talk.say", { times: 0.5 }]));
      assert.deepEqual([...new Set(problems.map(({ path }) => path))], ["nodes[1].params.times"]);
      assert.equal(problems[0]!.received, "0.5");
      assert.ok(!existsSync(join(folder, "trace")), "its code ran");

      const { outputs } = await runtime.execute(chain(["talk.say", { times: 2 }]), { n0: RuntimeData.text("?") });
      assert.deepEqual(outputs["n0"], [RuntimeData.text("hello"), RuntimeData.text("hello")]);
      assert.ok(existsSync(join(folder, "trace")));
    });
  });

  it("is refused where it is not what the description says, and tells where they differ", async () => {
    await inTempFolder(async (folder) => {
      const plugin = await writePlugin(folder, "talk", { says: "hello" });
      await buildDescription(plugin);
      await writePlugin(folder, "talk", { version: "1.1.0", says: "hello" });
      await using runtime = await createRuntime({ plugins: [plugin] });
      const error = await rejectionOf(runtime.open(chain("talk.say")));
      assert.equal(error.reason, "description-mismatch", error.message);
      assert.equal(error.pluginName, "talk");
      const [problem] = error.problems;
      assert.deepEqual([problem?.path, problem?.received, problem?.expected], ["version", '"1.1.0"', '"1.0.0"']);
      assert.match(error.message, /plugin build/);
      // A reload takes the description that is there then.
      await buildDescription(plugin);
      assert.equal((await runtime.reload("talk")).version, "1.1.0");
      await (await runtime.open(chain("talk.say"))).cancel();
    });
  });

  it("is refused where the description is none, or of another version of the contract", async () => {
    await inTempFolder(async (folder) => {
      const plugin = await writePlugin(folder, "talk", { atLoad: trace(folder) });
      const node = { type: "talk.say", aliases: [], summary: "Says.", align: "any", inputs: {}, outputs: {} };
      const description = { name: "talk", version: "1.0.0", apiVersion: 1, nodes: [node] };
      const cases: [string, string][] = [
        ["{", "description-mismatch"],
        ["null", "description-mismatch"],
        [JSON.stringify({ formatVersion: 9, description }), "description-mismatch"],
        [JSON.stringify({ formatVersion: 1, description: { ...description, nodes: [{}] } }), "description-mismatch"],
        [JSON.stringify({ formatVersion: 1, description: { ...description, apiVersion: 2 } }), "plugin-api-version"],
      ];
      for (const [text, reason] of cases) {
        await writeFile(join(folder, "talk.streamrack.json"), text);
        const error = await rejectionOf(createRuntime({ plugins: [plugin] }));
        assert.equal(error.reason, reason, text);
      }
      assert.ok(!existsSync(join(folder, "trace")), "its code ran");
    });
  });

  it("is described by `streamrack plugin build`, which also tells what is out of date", async () => {
    await inTempFolder(async (folder) => {
      await writePlugin(folder, "talk");
      const check = ["plugin", "build", "talk.mjs", "--check"];
      const before = await runCli(check, { cwd: folder });
      assert.equal(before.code, 1, before.stderr);
      assert.match(before.stderr, /talk\.streamrack\.json: is not up to date/);
      const built = await runCli(["plugin", "build", "talk.mjs"], { cwd: folder });
      assert.equal(built.code, 0, built.stderr);
      assert.match(built.text, /talk\.streamrack\.json: talk 1\.0\.0, 1 node type/);
      const file = JSON.parse(await readFile(join(folder, "talk.streamrack.json"), "utf8"));
      assert.equal(file.description.nodes[0].paramsSchema.type, "object");
      assert.equal((await runCli(check, { cwd: folder })).code, 0);
    });
  });
});
