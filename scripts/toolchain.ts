/**
 * Brings the runtimes that the tests need into `.tools/`, from the npm
 * registry, with nothing but the Deno that runs the tasks. Deno itself does
 * the fetching, so proxies, mirrors and `.npmrc` hold as for any install.
 *
 * Run as a script (`deno task tools [name…]`) it prints a name and a path per
 * line.
 *
 * @module
 */

import { access, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { ROOT } from "./lib/files.ts";
import { runProcess } from "./lib/run_process.ts";
import { runScript } from "./lib/run_script.ts";
import { RUNTIME_VERSIONS, type RuntimeName } from "./versions.ts";

/** Where what the tests need is kept. */
export const TOOLS = join(ROOT, ".tools");
const FETCH_DEADLINE_MS = 300_000;
const VERSION_DEADLINE_MS = 30_000;

/** Set by the test runner, so that tests on Bun and Node find the Deno of the run. */
export const DENO_ENV = "STREAMRACK_DENO";

/**
 * Absolute path of a runtime's executable, fetched on first use. Safe to call
 * from several processes at once: each installs into a folder of its own, and
 * the first to finish wins.
 *
 * @throws {Error} If it cannot be fetched or does not run here; the message says what to do.
 */
export async function runtimePath(name: RuntimeName): Promise<string> {
  if (name === "deno") return denoPath();
  const version = RUNTIME_VERSIONS[name];
  const { npmName, executable } = platformPackage(name);
  const home = join(TOOLS, `${name}-${version}`);
  const path = join(home, "node_modules", npmName, "bin", executable);
  if (!await exists(path)) await install(name, npmName, version, home);
  await verify(name, path, version);
  return path;
}

function denoPath(): string {
  const path = process.versions["deno"] === undefined ? process.env[DENO_ENV] : process.execPath;
  if (path === undefined) throw new Error(`start this with "deno task …", or put the path of deno into ${DENO_ENV}`);
  return path;
}

async function install(name: RuntimeName, npmName: string, version: string, home: string): Promise<void> {
  await mkdir(TOOLS, { recursive: true });
  const folder = await mkdtemp(join(TOOLS, `.fetch-${name}-`));
  try {
    const config = { nodeModulesDir: "auto", imports: { [npmName]: `npm:${npmName}@${version}` } };
    await writeFile(join(folder, "deno.json"), JSON.stringify(config));
    const result = await runProcess({
      command: denoPath(),
      args: ["install", "--quiet", "--no-lock"],
      cwd: folder,
      env: { NO_COLOR: "1" },
      deadlineMs: FETCH_DEADLINE_MS,
    });
    if (!result.ok) {
      throw new Error(
        `could not fetch ${name} ${version} (npm package ${npmName}): ${result.ending}\n${result.output.trim()}\n` +
          "The first run needs the npm registry, or a mirror named in .npmrc. Later runs work offline.",
      );
    }
    await rename(folder, home).catch(async (error: unknown) => {
      // Another process was faster; its copy is as good.
      if (!await exists(join(home, "node_modules", npmName))) throw error;
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function verify(name: RuntimeName, path: string, version: string): Promise<void> {
  const result = await runProcess({ command: path, args: ["--version"], deadlineMs: VERSION_DEADLINE_MS });
  const said = result.stdout.trim().replace(/^v/, "");
  if (result.ok && said === version) return;
  const detail = result.ok ? `it says ${JSON.stringify(said)}` : `${result.ending}\n${result.output.trim()}`;
  throw new Error(
    `${path} should be ${name} ${version}, but ${detail}\n` +
      "Delete the folder .tools and try again. (Linux needs glibc: the npm packages of Node hold no musl build.)",
  );
}

/** The npm package that holds the executable for this system. */
function platformPackage(name: Exclude<RuntimeName, "deno">): { npmName: string; executable: string } {
  const { platform, arch } = process;
  const suffix = platform === "win32" ? ".exe" : "";
  if (name === "bun") {
    const system = platform === "win32" ? "windows" : platform;
    return { npmName: `@oven/bun-${system}-${arch === "arm64" ? "aarch64" : arch}`, executable: `bun${suffix}` };
  }
  const system = platform === "win32" ? "win" : platform;
  // The plain name was not free for this one platform.
  const prefix = platform === "darwin" && arch === "arm64" ? "node-bin" : "node";
  return { npmName: `${prefix}-${system}-${arch}`, executable: `node${suffix}` };
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(() => true, () => false);
}

async function main(args: readonly string[]): Promise<number> {
  const known = Object.keys(RUNTIME_VERSIONS) as RuntimeName[];
  const unknown = args.filter((name) => !known.some((candidate) => candidate === name));
  if (unknown.length > 0) {
    console.error(`unknown runtime ${unknown.join(", ")}: expected some of ${known.join(", ")}`);
    return 2;
  }
  for (const name of known.filter((candidate) => args.length === 0 || args.includes(candidate))) {
    console.log(`${name}\t${await runtimePath(name)}`);
  }
  return 0;
}

if (import.meta.main) await runScript(() => main(process.argv.slice(2)));
