import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { createRuntime, type PluginInput, RuntimeData } from "../../mod.ts";
import { isOwnModule } from "../../workers/adapters/resolve_plugin.ts";
import { inTempFolder } from "../cli/_temp_folder.ts";
import { ENFORCES, itHeld } from "../_support/enforces.ts";
import { rejectionOf } from "../_support/errors.ts";
import { chain, testPlugin } from "../_support/runtime.ts";
import { writePlugin } from "../_support/written_plugin.ts";

/** A folder with an installed package, whose plugin tells whether it can read a file of the application's. */
async function withInstalled(test: (project: string) => Promise<void>): Promise<void> {
  await inTempFolder(async (project) => {
    const folder = join(project, "node_modules", "their-plugin");
    await mkdir(folder, { recursive: true });
    await writeFile(join(project, "secret"), "the secret");
    const manifest = { name: "their-plugin", version: "1.0.0", type: "module", exports: "./index.js" };
    await writeFile(join(folder, "package.json"), JSON.stringify(manifest));
    const entry = new URL("../../core/plugin.ts", import.meta.url).href;
    await writeFile(
      join(folder, "index.js"),
      `
import { readFileSync } from "node:fs";
import { defineNode, definePlugin, RuntimeData } from ${JSON.stringify(entry)};
const attempt = () => {
  try { return readFileSync(${JSON.stringify(join(project, "secret"))}, "utf8"); } catch { return "refused"; }
};
export default definePlugin({
  name: "theirs", version: "1.0.0", apiVersion: 1,
  nodes: [defineNode({
    type: "theirs.read", summary: "Reads a secret.", inputs: { in: ["any"] }, outputs: { out: ["text"] },
    create: () => ({ process: () => RuntimeData.text(attempt()) }),
  })],
});
`,
    );
    await test(project);
  });
}

async function reads(project: string, plugin: PluginInput): Promise<string> {
  await using runtime = await createRuntime({ plugins: [plugin], resolveFrom: pathToFileURL(`${project}/app.mjs`) });
  const { outputs } = await runtime.execute(chain("theirs.read"), { n0: RuntimeData.text("?") });
  return RuntimeData.asText(outputs["n0"]![0]!);
}

/** All ways to name it; whichever is used says nothing of what it may reach. */
const namesIn = (project: string): (string | URL)[] => [
  "their-plugin",
  "./node_modules/their-plugin/index.js",
  join(project, "node_modules/their-plugin/index.js"),
  pathToFileURL(join(project, "node_modules/their-plugin/index.js")),
];

describe("an installed plugin that is named without grants", () => {
  itHeld("is granted nothing, however it is named", async () => {
    await withInstalled(async (project) => {
      for (const plugin of namesIn(project)) assert.equal(await reads(project, plugin), "refused", String(plugin));
      assert.equal(await reads(project, { plugin: "their-plugin", tier: "process" }), "refused");
    });
  });

  it("is refused where it cannot be held, and says how it can be let in all the same", {
    skip: ENFORCES ? "it is held here" : false,
  }, async () => {
    await withInstalled(async (project) => {
      for (const plugin of [...namesIn(project), { plugin: "their-plugin", tier: "process" } as const]) {
        const error = await rejectionOf(reads(project, plugin));
        assert.equal(error.reason, "permission-denied", error.message);
        assert.match(error.message, /grants: true.*allowUnenforced: true/s);
      }
      assert.equal(await reads(project, { plugin: "their-plugin", allowUnenforced: true }), "the secret");
    });
  });

  it("has the rights of the process where it is named with grants: true, on every runtime", async () => {
    await withInstalled(async (project) => {
      for (const tier of ["worker", "process"] as const) {
        assert.equal(await reads(project, { plugin: "their-plugin", tier, grants: true }), "the secret", tier);
      }
    });
  });

  it("shares its threads with nobody, unless it is trusted with everything", async () => {
    await withInstalled(async (project) => {
      const options = { resolveFrom: pathToFileURL(`${project}/app.mjs`), trust: [["theirs", "audio"]] };
      const plugin = "their-plugin";
      const error = await rejectionOf(createRuntime({ ...options, plugins: [{ plugin, allowUnenforced: true }] }));
      assert.deepEqual([error.reason, error.pluginName], ["invalid-options", "theirs"], error.message);
      assert.match(error.remedy ?? "", /grants: true/);
      await (await createRuntime({ ...options, plugins: [{ plugin, grants: true }] })).close();
    });
  });
});

describe("a module of the application's own that is named without grants", () => {
  it("is part of the application, as long as it asks for nothing", async () => {
    await inTempFolder(async (folder) => {
      const plugin = await writePlugin(folder, "talk", { permissions: { read: [], net: [] }, says: "hello" });
      await (await createRuntime({ plugins: [plugin] })).close();
    });
  });

  it("is refused once it asks for something, with all that it asks for", async () => {
    for (const tier of ["worker", "process"] as const) {
      const { reason, pluginName, problems, remedy } = await rejectionOf(
        createRuntime({ plugins: [{ plugin: testPlugin("needy"), tier }] }),
      );
      assert.deepEqual([reason, pluginName], ["permission-denied", "needy"]);
      assert.deepEqual(problems.map(({ path }) => path), ["grants.read", "grants.read", "grants.net"]);
      assert.match(remedy ?? "", /grants: true/);
      await (await createRuntime({ plugins: [{ plugin: testPlugin("needy"), tier, grants: true }] })).close();
    }
  });

  it("keeps serving as it was where it asks for something at a reload", async () => {
    await inTempFolder(async (folder) => {
      const plugin = await writePlugin(folder, "talk", { says: "old" });
      await using runtime = await createRuntime({ plugins: [plugin] });
      await writePlugin(folder, "talk", { says: "new", permissions: { net: ["example.com"] } });
      const error = await rejectionOf(runtime.reload("talk"));
      assert.deepEqual([error.reason, error.problems[0]?.path], ["permission-denied", "grants.net"]);
      const { outputs } = await runtime.execute(chain("talk.say"), { n0: RuntimeData.text("?") });
      assert.equal(RuntimeData.asText(outputs["n0"]![0]!), "old");
    });
  });
});

describe("our own plugins", () => {
  it("have the rights of the process, also when they are loaded anew, though one declares what it needs", async () => {
    await using runtime = await createRuntime();
    for (
      const { description: { name } } of runtime.registry.plugins().filter(({ description }) => description.permissions)
    ) {
      assert.equal((await runtime.reload(name)).name, name);
    }
    const { source } = runtime.registry.find("audio.gain")!.plugin;
    assert.ok(source.tier === "worker" && source.grants === undefined);
  });
});

describe("isOwnModule", () => {
  it("tells the application's own from what was installed, or comes from elsewhere", () => {
    const own = "file:///app/plugins/mine.ts";
    for (const specifier of ["./mine.ts", "../mine.ts", "/app/plugins/mine.ts", own, new URL(own)]) {
      assert.ok(isOwnModule(specifier, own), String(specifier));
    }
    // One that is linked lies elsewhere, but is named as a package.
    for (const specifier of ["mine", "@scope/mine", "mine/plugin.js"]) {
      assert.ok(!isOwnModule(specifier, own), specifier);
    }
    for (
      const url of [
        "file:///app/node_modules/mine/index.js",
        "file:///app/node_modules/.pnpm/mine@1.0.0/node_modules/mine/index.js",
        "https://example.com/mine.js",
        "data:text/javascript,export default 1",
        "blob:null/0",
      ]
    ) {
      assert.ok(!isOwnModule(url, url), url);
      assert.ok(!isOwnModule(new URL(url), url), url);
    }
  });
});
