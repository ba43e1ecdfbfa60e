import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import type { Command } from "commander";
import { parseGrants } from "../../cli/plugins/grants.ts";
import { readPluginFile } from "../../cli/plugins/plugin_file.ts";
import { buildProgram } from "../../cli/program.ts";
import { runtimeInfo } from "../../workers/adapters/runtime_info.ts";
import { ENFORCES } from "../_support/enforces.ts";
import { rejectionOf, thrownBy } from "../_support/errors.ts";
import { runCli, startCli } from "../_support/run_cli.ts";
import { inTempFolder } from "./_temp_folder.ts";

const { name: RUNTIME } = runtimeInfo();

const ENTRY = new URL("../../core/plugin.ts", import.meta.url).href;

/** A plugin that tells what it can read of the file that each input names. */
function reader(name: string, declared: string): string {
  return `
import { readFileSync } from "node:fs";
import { defineNode, definePlugin, RuntimeData } from ${JSON.stringify(ENTRY)};
const attempt = (path) => {
  try { return readFileSync(path, "utf8"); } catch { return "refused"; }
};
export default definePlugin({
  name: "${name}", version: "1.4.0", apiVersion: 1, ${declared}
  nodes: [defineNode({
    type: "${name}.read", summary: "Reads files.", inputs: { in: ["text"] }, outputs: { out: ["text"] },
    create: () => ({ process: ({ text }) => RuntimeData.text(attempt(text)) }),
  })],
});
`;
}

/** A folder with an installed plugin, one of its own that declares what it needs, and a pipeline of each. */
async function inProject(test: (cwd: string) => Promise<void>): Promise<void> {
  await inTempFolder(async (cwd) => {
    const installed = join(cwd, "node_modules", "their-plugin");
    await mkdir(installed, { recursive: true });
    const manifest = { name: "their-plugin", version: "1.4.0", type: "module", exports: "./index.js" };
    await writeFile(join(installed, "package.json"), JSON.stringify(manifest));
    await writeFile(join(installed, "index.js"), reader("theirs", ""));
    await mkdir(join(cwd, "mine"));
    await writeFile(
      join(cwd, "mine/needy.mjs"),
      reader("needy", 'streamrack: ">=0.1", permissions: { env: ["TOKEN"] },'),
    );
    for (const name of ["theirs", "needy"]) {
      const nodes = [{ id: "read", node_type: `${name}.read` }];
      await writeFile(join(cwd, `${name}.json`), JSON.stringify({ version: "v1", nodes }));
    }
    await writeFile(join(cwd, "secret"), "the secret");
    await writeFile(join(cwd, "other"), "the other");
    await writeFile(join(cwd, "in.txt"), `${join(cwd, "secret")}\n${join(cwd, "other")}\n`);
    await test(cwd);
  });
}

/** What a run with an installed plugin could read, or the reason why it was not started. */
async function readBy(cwd: string, ...args: string[]): Promise<string[] | string> {
  const result = await runCli(["run", "theirs.json", "-i", "in.txt", "-o", "out.txt", "--json", ...args], { cwd });
  const { ok, error } = JSON.parse(result.text.trim().split("\n").at(-1)!);
  assert.equal(result.code, ok ? 0 : 2, result.stderr);
  if (!ok) return error.reason;
  return (await readFile(join(cwd, "out.txt"), "utf8")).trim().split("\n");
}

describe("parseGrants", () => {
  const plugins = ["./a.ts", "b", "b=c", "@s/d"];

  it("reads kinds, lists and all of it, and adds up what is said of one plugin", () => {
    const grants = parseGrants([
      "./a.ts=read:./models,net:api.example.com:443",
      "./a.ts=read:/srv,env:TOKEN",
      "b=net,net:example.com",
      "b=c=none",
      "@s/d=env:A",
      "@s/d=all",
      "@s/d=none",
      "@s/d=read",
    ], plugins);
    assert.deepEqual([...grants], [
      ["./a.ts", { read: [resolve("models"), resolve("/srv")], net: ["api.example.com:443"], env: ["TOKEN"] }],
      ["b", { net: true }],
      ["b=c", {}],
      ["@s/d", true],
    ]);
    assert.equal(parseGrants([], plugins).size, 0);
  });

  it("refuses what grants nothing, with all of it at once", () => {
    const wrong = [
      "./a.ts",
      "./a.ts=",
      "b=reed:x",
      "b=read:",
      "b=read:x,",
      "b=all,read",
      "c=all",
      "b=c",
      "b=__proto__:x",
    ];
    const { reason, problems } = thrownBy(() => parseGrants([...wrong, "b=net"], plugins));
    assert.equal(reason, "invalid-options");
    assert.deepEqual(problems.map(({ received }) => JSON.parse(received!)), wrong);
    assert.match(problems[0]!.expected!, /one of -p \.\/a\.ts, -p b,/);
    assert.match(problems[1]!.expected!, /all, none, or kinds.*read:PATH/);
    assert.match(thrownBy(() => parseGrants(["x=all"], [])).problems[0]!.expected!, /that -p names as well/);
  });
});

describe("an installed plugin on the command line", () => {
  it("reaches nothing without --grant, and everything with all of it", async () => {
    await inProject(async (cwd) => {
      const plugin = ["-p", "their-plugin"];
      assert.deepEqual(await readBy(cwd, ...plugin), ENFORCES ? ["refused", "refused"] : "permission-denied");
      assert.deepEqual(await readBy(cwd, ...plugin, "--grant", "their-plugin=all"), ["the secret", "the other"]);
      const path = "node_modules/their-plugin/index.js";
      assert.deepEqual(await readBy(cwd, "-p", path), ENFORCES ? ["refused", "refused"] : "permission-denied");
      assert.deepEqual(await readBy(cwd, "-p", path, "--grant", `${path}=all`), ["the secret", "the other"]);
    });
  });

  it("reaches what --grant names, from the current folder", async () => {
    await inProject(async (cwd) => {
      const found = await readBy(cwd, "-p", "their-plugin", "--grant", "their-plugin=read:./secret");
      assert.deepEqual(found, ENFORCES ? ["the secret", "refused"] : "permission-denied");
    });
  });

  it("is named with all that can be said of it by --plugin-file", async () => {
    await inProject(async (cwd) => {
      const listed = async (text: string) => {
        await writeFile(join(cwd, "plugins.yaml"), text);
        return await readBy(cwd, "--plugin-file", "plugins.yaml");
      };
      const path = "./node_modules/their-plugin/index.js";
      assert.deepEqual(
        await listed(`- { plugin: ${path}, version: ^1.2.0, tier: process, grants: { read: [../../secret] } }`),
        ENFORCES ? ["the secret", "refused"] : "permission-denied",
      );
      assert.deepEqual(await listed("- their-plugin"), ENFORCES ? ["refused", "refused"] : "permission-denied");
      assert.equal(await listed("- { plugin: their-plugin, grants: true, version: ^2 }"), "plugin-version");
      assert.equal(await listed("- { plugin: their-plugin, grant: true }"), "invalid-options");
    });
  });
});

describe("readPluginFile", () => {
  it("gives what the file says, with paths from where it is", async () => {
    await inTempFolder(async (folder) => {
      const path = join(folder, "plugins.yaml");
      const read = async (text: string) => {
        await writeFile(path, text);
        return await readPluginFile(path);
      };
      const at = (name: string) => pathToFileURL(join(folder, name));
      const text =
        `[{ "plugin": "./a.mjs", "grants": true }, "b/c.ts", "../d", "their-plugin", "https://x.example/e.js"]`;
      assert.deepEqual(await read(text), [
        { plugin: at("a.mjs"), grants: true },
        { plugin: at("b/c.ts") },
        { plugin: at("../d") },
        { plugin: "their-plugin" },
        { plugin: "https://x.example/e.js" },
      ]);
      assert.deepEqual(await read("- { plugin: x, tier: process, grants: { net: [a.example] } }"), [
        { plugin: "x", tier: "process", grants: { net: ["a.example"] } },
      ]);
      for (const wrong of ["", "plugins: []", "- 5", "- null", "- { grants: {} }", "- [", "- { plugin: 7 }"]) {
        assert.equal((await rejectionOf(read(wrong))).reason, "invalid-options", wrong);
      }
      assert.equal((await rejectionOf(readPluginFile(join(folder, "none.yaml")))).reason, "file-not-found");
    });
  });
});

describe("a plugin that says what it needs, on the command line", () => {
  it("is refused without --grant, which says what to grant", async () => {
    await inProject(async (cwd) => {
      const plugin = ["-p", "mine/needy.mjs"];
      const { code, stderr } = await runCli(["validate", "needy.json", ...plugin], { cwd });
      assert.equal(code, 2, stderr);
      assert.match(stderr, /error: \[permission-denied\].*plugin "needy".*grants\.env: is needed; received "TOKEN"/s);
      const granted = await runCli(["validate", "needy.json", ...plugin, "--grant", "mine/needy.mjs=all"], { cwd });
      assert.equal(granted.code, 0, granted.stderr);
      const listed = await runCli(["nodes", "describe", "needy.read", ...plugin, "--grant", "mine/needy.mjs=all"], {
        cwd,
      });
      assert.match(listed.text, /works with +Streamrack >=0\.1\n.*needs env +"TOKEN"/s);
    });
  });

  it("serves where it is granted that, and keeps the service from starting where it is not", async () => {
    await inProject(async (cwd) => {
      const serve = ["serve", "-l", "127.0.0.1:0", "-p", "mine/needy.mjs"];
      const { code, stderr } = await runCli(serve, { cwd });
      assert.equal(code, 2, stderr);
      assert.match(stderr, /grants\.env/);
      const { ended, signal, said } = startCli([...serve, "--grant", "mine/needy.mjs=all"], { cwd });
      await said("listening on 127.0.0.1:");
      signal("SIGTERM");
      assert.equal((await ended).code, 0);
    });
  });

  it("is refused with a grant that is none, before anything is loaded", async () => {
    await inProject(async (cwd) => {
      const args = [
        "run",
        "needy.json",
        "-p",
        "mine/needy.mjs",
        "--grant",
        "mine/needy.mjs=environment:TOKEN",
        "--json",
      ];
      const { code, text, stderr } = await runCli(args, { cwd });
      assert.equal(code, 2, stderr);
      assert.match(stderr, /--grant: is no grant; received "mine\/needy\.mjs=environment:TOKEN"; expected PLUGIN=WHAT/);
      assert.equal(JSON.parse(text).error.reason, "invalid-options");
    });
  });

  it("is told of in the help of every command that takes it", () => {
    const all = ({ commands }: Command): readonly Command[] => commands.flatMap((each) => [each, ...all(each)]);
    const taking = all(buildProgram()).filter(({ options }) => options.some(({ long }) => long === "--plugin"));
    assert.deepEqual(taking.map((command) => command.name()), [
      "run",
      "stream",
      "serve",
      "validate",
      "list",
      "describe",
      "doctor",
    ]);
    for (const command of taking) {
      assert.match(command.helpInformation(), /--grant <plugin=what>/, command.name());
      assert.match(command.helpInformation(), /--plugin-file <path>/, command.name());
    }
  });
});

describe("streamrack doctor", () => {
  it("tells of each plugin whether it is held to its grants, let through, trusted or refused", async () => {
    await inProject(async (cwd) => {
      const lines = [
        "- { plugin: their-plugin, allowUnenforced: true, tier: process }",
        "- { plugin: their-plugin, grants: true }",
        "- ./mine/needy.mjs",
        "- { plugin: ./mine/needy.mjs, grants: { env: [TOKEN] }, tier: process }",
      ];
      await writeFile(join(cwd, "plugins.yaml"), lines.join("\n"));
      const named = ["doctor", "--plugin-file", "plugins.yaml"];
      const { code, text } = await runCli([...named, "--json"], { cwd });
      assert.equal(code, 1, text);
      const { plugins } = JSON.parse(text) as { plugins: { state: string; ok: boolean; detail: string }[] };
      const states = plugins.map(({ state }) => state);
      assert.deepEqual(states, [ENFORCES ? "held" : "unenforced", "trusted", "refused", ENFORCES ? "held" : "refused"]);
      assert.deepEqual(plugins.map(({ ok }) => ok), states.map((state) => state !== "refused"));
      assert.match(plugins[2]!.detail, /TOKEN/);
      assert.match(plugins[0]!.detail, ENFORCES ? /nothing beside/ : /allowUnenforced/);
      const table = await runCli(["doctor", "-p", "their-plugin", "--grant", "their-plugin=all"], { cwd });
      assert.equal(table.code, 0, table.stderr);
      assert.match(table.text, /their-plugin +trusted +it has the rights of the process/);
    });
  });

  it("tells of a plugin that is let through though its grants cannot be held", async () => {
    await inProject(async (cwd) => {
      // Of the network, Node can grant the whole only, and Bun can hold back nothing.
      const named = "plugin: their-plugin, tier: process, grants: { net: [example.com] }";
      await writeFile(join(cwd, "plugins.yaml"), `- { ${named}, allowUnenforced: true }\n- { ${named} }`);
      const { code, text } = await runCli(["doctor", "--plugin-file", "plugins.yaml"], { cwd });
      const holds = RUNTIME === "deno";
      assert.equal(code, holds ? 0 : 1, text);
      const states = text.split("\n").flatMap((line) => /^their-plugin +(\w+)/.exec(line)?.[1] ?? []);
      assert.deepEqual(states, holds ? ["held", "held"] : ["unenforced", "refused"]);
    });
  });
});
