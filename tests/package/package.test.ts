import assert from "node:assert/strict";
import { copyFile, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { findFiles, ROOT } from "../../scripts/lib/files.ts";
import { localLinks } from "../../scripts/lib/markdown.ts";
import { runProcess } from "../../scripts/lib/run_process.ts";
import { pack } from "../../scripts/pack.ts";
import { runtimePath } from "../../scripts/toolchain.ts";

// The package is installed and run on every runtime from here, so that one run of this file is enough.
const runsHere = "Deno" in globalThis;
const DEADLINE_MS = 120_000;
const PLUGIN = join(ROOT, "examples/third_party_plugin");

const NPM = process.platform === "win32" ? "npm.cmd" : "npm";
const npm = await runProcess({ command: NPM, args: ["--version"], deadlineMs: DEADLINE_MS });

interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a program in a folder, fails with all that it said, and gives its standard output. */
async function runIn(cwd: string, { command, args, env }: Program): Promise<string> {
  const result = await runProcess({ command, args, cwd, env: { NO_COLOR: "1", ...env }, deadlineMs: DEADLINE_MS });
  assert.ok(result.ok, `${command} ${args.join(" ")}: ${result.ending}\n${result.output}`);
  return result.stdout;
}

/** An empty project that depends on the two tarballs, not yet installed. */
async function makeProject(folder: string, tarballs: Readonly<Record<string, string>>): Promise<string> {
  const project = await mkdtemp(join(folder, "project-"));
  const dependencies = Object.fromEntries(Object.entries(tarballs).map(([name, path]) => [name, `file:${path}`]));
  const manifest = { name: "an-application", private: true, type: "module", dependencies };
  await writeFile(join(project, "package.json"), JSON.stringify(manifest));
  for (const file of ["embed.mjs", "typed.ts"]) {
    await copyFile(fileURLToPath(new URL(`project/${file}`, import.meta.url)), join(project, file));
  }
  return project;
}

// Not a skipped group: Bun would report nothing at all, and a file without tests fails.
const group = runsHere ? describe : (name: string, _body: () => void) => {
  it(name, { skip: "runs once, under Deno, and starts the other runtimes itself" }, () => {});
};

group("the npm package", () => {
  let folder = "";
  let project = "";
  let tarballs: Record<string, string> = {};

  before(async () => {
    // Outside of the repository, whose node_modules would otherwise be found.
    folder = await mkdtemp(join(tmpdir(), "streamrack-package-"));
    const bun = await runtimePath("bun");
    const core = await pack(folder);
    await runIn(PLUGIN, { command: bun, args: ["pm", "pack", "--destination", folder, "--quiet"] });
    tarballs = {
      "@streamrack/core": core,
      "streamrack-plugin-morse": join(folder, "streamrack-plugin-morse-1.0.0.tgz"),
    };
    project = await makeProject(folder, tarballs);
    await runIn(project, { command: bun, args: ["install"] });
  });
  after(async () => {
    if (folder !== "") await rm(folder, { recursive: true, force: true });
  });

  const expected = {
    letters: 3,
    // "S O S" at 60 ms a unit: (5 + 3) + (11 + 3) + (5 + 3) units at 8 kHz.
    frames: 30 * 480,
    pluginsOfNodes: ["text", "morse", "audio"],
    threads: 3,
    refusedAs: "invalid-manifest",
    apiVersion: 1,
  };

  const checkEmbedding = async (where: string, program: Program): Promise<number> => {
    const { peak, ...report } = JSON.parse(await runIn(where, program)) as Record<string, unknown>;
    assert.deepEqual(report, expected);
    assert.ok(
      typeof peak === "number" && Math.abs(peak - 0.25) < 0.01,
      `half level less 6 dB, but the peak is ${peak}`,
    );
    return peak;
  };

  for (const runtime of ["node20", "node", "bun", "deno"] as const) {
    for (const by of ["name", "url"] as const) {
      it(`embeds, with a third-party plugin by ${by}, on ${runtime}`, async () => {
        const args = [...(runtime === "deno" ? ["run", "-A", "--node-modules-dir=manual"] : []), "embed.mjs", by];
        await checkEmbedding(project, { command: await runtimePath(runtime), args });
      });
    }
  }

  for (const runtime of ["node", "deno"] as const) {
    it(`holds a third-party plugin to nothing by default, on ${runtime}`, async () => {
      const flags = ["run", "-A", "--node-modules-dir=manual", "--unstable-worker-options"];
      const args = [...(runtime === "deno" ? flags : []), "embed.mjs", "name", "held"];
      await checkEmbedding(project, { command: await runtimePath(runtime), args });
    });
  }

  it("installs its command, which runs on the oldest Node", async () => {
    const node = await runtimePath("node20");
    // The command's first line asks for the node on PATH.
    const env = { PATH: [dirname(node), process.env["PATH"]].join(delimiter) };
    const listed = await runIn(project, {
      command: join(project, "node_modules/.bin/streamrack"),
      args: ["nodes", "list", "--json"],
      env,
    });
    assert.match(listed, /"audio\.gain"/);
    const speech = join(ROOT, "examples/demo/speech.wav");
    const manifest = join(ROOT, "examples/demo/manifest.yaml");
    const args = [join(project, "node_modules/@streamrack/core/cli/main.js"), "run", manifest];
    await runIn(project, { command: node, args: [...args, "-i", speech, "-o", join(project, "out.wav")] });
    const output = await readFile(join(project, "out.wav"));
    assert.equal(new TextDecoder().decode(output.subarray(0, 4)), "RIFF");
  });

  it("is in syntax that the oldest Node reads, in every file", async () => {
    const code = `import { readFileSync } from "node:fs";
      import { SourceTextModule } from "node:vm";
      for (const file of process.argv.slice(1)) new SourceTextModule(readFileSync(file, "utf8"), { identifier: file });`;
    const installed = join(project, "node_modules/@streamrack/core");
    const files = await findFiles(".", (path) => path.endsWith(".js"), installed);
    assert.ok(files.includes("cli/main.js") && files.includes("workers/entry.js"), files.join());
    await runIn(installed, {
      command: await runtimePath("node20"),
      args: ["--experimental-vm-modules", "--no-warnings", "--input-type=module", "--eval", code, "--", ...files],
    });
  });

  it("is collected whole by a bundler, which finds the worker's entry and the plugins by their URLs", async () => {
    const other = await makeProject(folder, tarballs);
    const bun = await runtimePath("bun");
    await runIn(other, { command: bun, args: ["add", "@vercel/nft@1.11.5"] });
    const bundle = await mkdtemp(join(folder, "bundle-"));
    const node = await runtimePath("node20");
    // A plugin that is named by a string is an entry of its own: no bundler can see it.
    const code = `import { nodeFileTrace } from "@vercel/nft";
      import { cp } from "node:fs/promises";
      import { fileURLToPath } from "node:url";
      const plugin = fileURLToPath(import.meta.resolve("streamrack-plugin-morse"));
      const { fileList } = await nodeFileTrace(["embed.mjs", plugin]);
      for (const file of fileList) await cp(file, process.argv[1] + "/" + file, { dereference: true });`;
    await runIn(other, { command: node, args: ["--input-type=module", "--eval", code, "--", bundle] });
    await rm(other, { recursive: true });
    await checkEmbedding(bundle, { command: node, args: ["embed.mjs", "name"] });
  });

  it("holds what its README links to, within 1.2 MB", async () => {
    const installed = join(project, "node_modules/@streamrack/core");
    const links = localLinks(await readFile(join(installed, "README.md"), "utf8"));
    assert.ok(links.length > 5);
    for (const { path } of links) await stat(join(installed, path));
    const { size } = await stat(tarballs["@streamrack/core"] as string);
    assert.ok(size < 1.2e6, `${size} bytes`);
  });

  it("has declarations against which an application type-checks", async () => {
    const args = ["check", "--node-modules-dir=manual", "typed.ts"];
    await runIn(project, { command: await runtimePath("deno"), args });
  });

  it("gives the JSON Schema of manifests by its export", async () => {
    const code = `import schema from "@streamrack/core/manifest.schema.json" with { type: "json" };
      console.log(Object.keys(schema.properties).join());`;
    for (const runtime of ["node20", "node"] as const) {
      const args = ["--input-type=module", "--eval", code];
      assert.match(await runIn(project, { command: await runtimePath(runtime), args }), /version.*nodes/);
    }
  });

  it("installs by npm as well", { skip: npm.ok ? false : "there is no npm on PATH" }, async () => {
    const other = await makeProject(folder, tarballs);
    await runIn(other, { command: NPM, args: ["install", "--no-audit", "--no-fund", "--loglevel=error"] });
    await checkEmbedding(other, { command: await runtimePath("node20"), args: ["embed.mjs", "name"] });
  });
});
