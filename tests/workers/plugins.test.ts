import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { createRuntime, definePlugin, type PluginInput, RuntimeData, type RuntimeOptions } from "../../mod.ts";
import { chain, testPlugin } from "../_support/runtime.ts";

const pluginEntry = new URL("../../core/plugin.ts", import.meta.url).href;

describe("createRuntime", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "streamrack plugins "));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  /** Writes a plugin module into the temporary folder, whose name has spaces. */
  async function pluginFile(name: string, source: string): Promise<URL> {
    const file = join(folder, name);
    await writeFile(file, source);
    return pathToFileURL(file);
  }

  async function assertRefused(plugin: PluginInput, expected: object, options: RuntimeOptions = {}): Promise<void> {
    await assert.rejects(createRuntime({ ...options, plugins: [plugin] }), (error) => {
      for (const [key, value] of Object.entries(expected)) {
        const actual = (error as Record<string, unknown>)[key];
        if (value instanceof RegExp) assert.match(String(actual), value);
        else assert.deepEqual(actual, value);
      }
      return true;
    });
  }

  it("loads a plugin by URL, by absolute path and by relative path, also where the path has spaces", async () => {
    const source = (type: string) => `
      import { defineNode, definePlugin, RuntimeData } from ${JSON.stringify(pluginEntry)};
      export default definePlugin({ name: ${JSON.stringify(type)}, version: "1.0.0", apiVersion: 1, nodes: [defineNode({
        type: "${type}.hello", summary: "Says hello.", inputs: { in: ["any"] }, outputs: { out: ["text"] },
        create: () => ({ process: () => RuntimeData.text("hello from ${type}") }),
      })] });`;
    const byUrl = await pluginFile("by url.mjs", source("url"));
    await pluginFile("by path.mjs", source("path"));
    await pluginFile("relative.mjs", source("relative"));
    const runtime = await createRuntime({
      plugins: [byUrl, join(folder, "by path.mjs"), "./relative.mjs"],
      resolveFrom: join(folder, "app.mjs"),
    });
    try {
      for (const name of ["url", "path", "relative"]) {
        const { outputs } = await runtime.execute(chain(`${name}.hello`), { n0: RuntimeData.text("?") });
        assert.deepEqual(outputs["n0"], [RuntimeData.text(`hello from ${name}`)]);
      }
    } finally {
      await runtime.close();
    }
  });

  it("refuses a file that does not exist", () =>
    assertRefused(new URL("./nowhere.ts", import.meta.url), {
      reason: "plugin-not-found",
      code: "not-found",
      message: /nowhere\.ts/,
    }));

  it("refuses a package that is not installed", () =>
    assertRefused("no-such-plugin-package", { reason: "plugin-not-found", message: /no-such-plugin-package/ }));

  it("refuses a plugin that throws while it is imported", async () => {
    const url = await pluginFile("throws.mjs", `throw new Error("licence expired");`);
    await assertRefused(url, { reason: "plugin-load-failed", message: /throws\.mjs.*licence expired/ });
  });

  it("refuses a plugin with a syntax error", async () => {
    const url = await pluginFile("syntax.mjs", `export default {{;`);
    await assertRefused(url, { reason: "plugin-load-failed", message: /syntax\.mjs/ });
  });

  it("refuses a plugin that imports what is not there", async () => {
    const url = await pluginFile("imports.mjs", `import "./missing.mjs"; export default {};`);
    await assertRefused(url, { reason: "plugin-load-failed", message: /missing\.mjs/ });
  });

  it("refuses a module that exports no plugin", async () => {
    const url = await pluginFile("nothing.mjs", `export const other = 1;`);
    await assertRefused(url, { reason: "invalid-plugin", message: /exports no plugin/ });
  });

  it("refuses a plugin of a later contract, and says so before anything else", async () => {
    const url = await pluginFile(
      "future.mjs",
      `export default { name: "future", version: "9", apiVersion: 99, nodes: [] };`,
    );
    await assertRefused(url, { reason: "plugin-api-version", message: /version 99.*Update @streamrack\/core/s });
  });

  it("refuses a plugin that is not well-formed, with every problem", async () => {
    const source = `export default { name: "Bad Name", version: "", apiVersion: 1, nodes: [{ type: 7 }] };`;
    const url = await pluginFile("malformed.mjs", source);
    await assertRefused(url, { reason: "invalid-plugin", message: /name: .*version: .*nodes\[0\]\.type: /s });
  });

  it("refuses a plugin that ends its worker while it is loaded", async () => {
    const url = await pluginFile("exits.mjs", `process.exit(5);`);
    await assertRefused(url, { reason: "plugin-load-failed", message: /ended its worker/ });
  });

  it("refuses a plugin that never loads", async () => {
    const url = await pluginFile("waits.mjs", `await new Promise(() => setInterval(() => {}, 1000));`);
    await assertRefused(url, { reason: "plugin-load-failed", message: /was not loaded within 1500 ms/ }, {
      openTimeoutMs: 1_500,
    });
    const loops = await pluginFile("loops.mjs", `for (;;);`);
    await assertRefused(loops, { reason: "plugin-load-failed", message: /was not loaded within 1500 ms/ }, {
      openTimeoutMs: 1_500,
    });
  });

  it("refuses two plugins of one name, and node types that are taken", async () => {
    await assert.rejects(createRuntime({ plugins: [testPlugin("probe"), testPlugin("probe")] }), {
      reason: "duplicate-node-type",
    });
    const source = `export default { name: "thief", version: "1.0.0", apiVersion: 1, nodes: [{
      type: "audio.gain", summary: "Not the real one.", inputs: {}, outputs: {}, create() {} }] };`;
    await assertRefused(await pluginFile("thief.mjs", source), {
      reason: "duplicate-node-type",
      message: /"audio\.gain" is provided by plugin "audio"/,
    });
  });

  it("takes a plugin object for the inline tier only", async () => {
    const plugin = definePlugin({ name: "inline", version: "1.0.0", apiVersion: 1, nodes: [] });
    await assertRefused(plugin as never, { reason: "invalid-options" });
    await (await createRuntime({ plugins: [{ tier: "inline", plugin }] })).close();
  });

  it("refuses options that make no sense, all at once", () =>
    assert.rejects(createRuntime({ maxThreads: 0, maxItemsInFlight: 1.5, openTimeoutMs: -1 }), {
      reason: "invalid-options",
      message: /maxThreads.*openTimeoutMs.*maxItemsInFlight/s,
    }));
});

describe("Runtime", () => {
  it("validate gives every problem of form, names and parameters, and starts nothing", async () => {
    const runtime = await createRuntime();
    try {
      assert.deepEqual(await runtime.validate(chain("audio.gain")), []);
      const form = await runtime.validate({ version: "v2", nodes: [{ id: "" }] });
      assert.deepEqual(form.map(({ path }) => path).sort(), ["nodes[0].id", "nodes[0].node_type", "version"]);
      const names = await runtime.validate({
        ...chain("audio.gian", "no.such"),
        connections: [{ from: "x", to: "n0" }],
      });
      assert.deepEqual(names.map(({ path }) => path), [
        "nodes[0].node_type",
        "nodes[1].node_type",
        "connections[0].from",
      ]);
      const params = await runtime.validate({
        version: "v1",
        nodes: [
          { id: "loud", node_type: "audio.gain", params: { gainDb: "loud" } },
          { id: "rate", node_type: "audio.resample", params: {} },
          { id: "case", node_type: "text.case", params: { mode: "weird" } },
        ],
      });
      assert.deepEqual(params.map(({ path }) => path), [
        "nodes[0].params.gainDb",
        "nodes[1].params.sampleRateHz",
        "nodes[2].params.mode",
      ]);
      assert.equal(params[0]?.received, '"loud"');
    } finally {
      await runtime.close();
    }
  });

  it("close cancels what runs, may be repeated, and refuses what comes later", async () => {
    const runtime = await createRuntime();
    const session = await runtime.open(chain("util.passthrough"));
    const closing = runtime.close();
    await runtime.close();
    await closing;
    assert.equal(session.state, "cancelled");
    await assert.rejects(runtime.open(chain("util.passthrough")), { reason: "runtime-closed" });
    await assert.rejects(session.send(RuntimeData.text("late")), { reason: "session-cancelled" });
  });

  it("close with a drain lets sessions finish", async () => {
    const runtime = await createRuntime({ plugins: [testPlugin("probe")] });
    const session = await runtime.open(chain("probe.hold"));
    await session.send(RuntimeData.text("kept"));
    const closing = runtime.close({ drainTimeoutMs: 60_000 });
    const texts: string[] = [];
    for await (const { data } of session) texts.push(RuntimeData.asText(data));
    await closing;
    assert.deepEqual(texts, ["kept"]);
    assert.equal(session.state, "done");
  });

  it("execute fails with what was wrong with the input", async () => {
    const runtime = await createRuntime();
    try {
      await assert.rejects(runtime.execute(chain("audio.gain"), { n0: RuntimeData.text("x") }), {
        reason: "wrong-kind",
      });
      await assert.rejects(runtime.execute(chain("audio.gain"), { other: RuntimeData.text("x") }), {
        reason: "unknown-target",
      });
      const broken = (async function* () {
        yield RuntimeData.text("one");
        throw new RangeError("the source broke");
      })();
      await assert.rejects(runtime.execute(chain("util.passthrough"), { n0: broken }), RangeError);
    } finally {
      await runtime.close();
    }
  });

  it("sessions of one plugin share its threads", async () => {
    const runtime = await createRuntime({ maxThreads: 2 });
    try {
      const sessions = await Promise.all(Array.from({ length: 20 }, () => runtime.open(chain("util.passthrough"))));
      const metrics = await Promise.all(sessions.map((session) => session.metrics()));
      const threads = new Set(metrics.map(({ nodes }) => nodes["n0"]?.threadId));
      assert.equal(threads.size, 2);
    } finally {
      await runtime.close();
    }
  });
});
