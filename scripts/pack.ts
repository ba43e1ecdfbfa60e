/**
 * `deno task pack`: builds the npm package `out/streamrack-core-<version>.tgz`.
 *
 * `deno pack` turns the TypeScript into JavaScript with declarations and
 * derives package.json from deno.json. What it does not know is added here:
 * the command, the oldest Node, dependencies that are only looked up as files,
 * and a check that the package holds all that it refers to.
 *
 * @module
 */

import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, join, posix } from "node:path";
import { parseArgs } from "node:util";
import { ROOT } from "./lib/files.ts";
import { readImports, withoutComments } from "./lib/imports.ts";
import { runProcess } from "./lib/run_process.ts";
import { runScript } from "./lib/run_script.ts";
import { readTarball, type TarFile, writeTarball } from "./lib/tar.ts";
import { runtimePath } from "./toolchain.ts";

const DEADLINE_MS = 180_000;
const OLDEST_NODE = ">=20";
const DESCRIPTION = "An embeddable streaming-plugin framework: plugins in pooled workers, on Deno, Bun and Node";
const COMMAND = { name: "streamrack", entry: "./cli", file: "cli/main.js" } as const;

/** The part of `package.json` that is touched. */
export interface PackageJson {
  /** Name of the package. */
  readonly name: string;
  /** Its version. */
  readonly version: string;
  /** The export map. */
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  /** Packages that are installed with it. */
  readonly dependencies: Readonly<Record<string, string>>;
  /** Everything else. */
  readonly [field: string]: unknown;
}

/** Packs the repository and returns the path of the tarball in `folder`. */
export async function pack(folder: string = join(ROOT, "out")): Promise<string> {
  await mkdir(folder, { recursive: true });
  const scratch = await mkdtemp(join(folder, ".pack-"));
  try {
    const raw = join(scratch, "raw.tgz");
    // The tree is packed as it is; source maps would name paths of this machine.
    await runDeno(["pack", "--quiet", "--allow-dirty", "--no-source-maps", "--output", raw]);
    const imports: Record<string, string> = JSON.parse(await readFile(join(ROOT, "deno.json"), "utf8")).imports;
    const { manifest, files } = finishPackage(readTarball(await readFile(raw)), imports);
    const problems = findDangling(manifest, files);
    if (problems.length > 0) throw new Error(`the package would not work:\n  ${problems.join("\n  ")}`);
    const path = join(folder, `${manifest.name.replace("@", "").replace("/", "-")}-${manifest.version}.tgz`);
    await writeFile(join(scratch, basename(path)), writeTarball(files));
    await rename(join(scratch, basename(path)), path);
    return path;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Adds what `deno pack` leaves out, and drops the sources that it adds as if they were assets. */
export function finishPackage(
  packed: readonly TarFile[],
  imports: Readonly<Record<string, string>>,
): { manifest: PackageJson; files: TarFile[] } {
  const kept = packed.filter(({ path }) => !path.endsWith(".ts") || path.endsWith(".d.ts"));
  const raw: PackageJson = JSON.parse(textOf(kept.find(({ path }) => path === "package/package.json")));
  const looked = kept.flatMap((file) => [...textOf(file).matchAll(/import\.meta\.resolve\("([^"./][^"]*)"\)/g)])
    .map(([, specifier = ""]) => packageName(specifier));
  const extra = looked.map((name) => {
    const version = imports[name]?.split("@").at(-1);
    if (version === undefined) throw new Error(`${name} is looked up by import.meta.resolve, but is not in deno.json`);
    return [name, `^${version}`] as const;
  });
  const dependencies = Object.entries({ ...raw.dependencies, ...Object.fromEntries(extra) });
  // The command is started by its file, not imported; a JSON file needs no conditions.
  const exports = Object.entries(raw.exports).filter(([name]) => name !== COMMAND.entry)
    .map(([name, target]) => [name, name.endsWith(".json") && typeof target === "object" ? target["default"] : target]);
  const manifest: PackageJson = {
    ...raw,
    description: DESCRIPTION,
    keywords: ["audio", "streaming", "plugin", "pipeline", "worker", "vad", "deno", "bun"],
    engines: { node: OLDEST_NODE },
    sideEffects: [`./${COMMAND.file}`],
    bin: { [COMMAND.name]: `./${COMMAND.file}` },
    exports: Object.fromEntries(exports),
    dependencies: Object.fromEntries(dependencies.sort(([a], [b]) => a < b ? -1 : 1)),
  };
  const files = kept.map((file) => {
    if (file.path === `package/${COMMAND.file}`) return { ...file, executable: true };
    if (file.path !== "package/package.json") return file;
    return { ...file, bytes: new TextEncoder().encode(`${JSON.stringify(manifest, null, 2)}\n`) };
  });
  return { manifest, files };
}

/** What the package refers to but does not hold or depend on. */
export function findDangling(manifest: PackageJson, files: readonly TarFile[]): string[] {
  const paths = new Set(files.map(({ path }) => path));
  const problems: string[] = [];
  for (const [name, target] of [...Object.entries(manifest.exports), ["bin", `./${COMMAND.file}`] as const]) {
    for (const file of typeof target === "string" ? [target] : Object.values<string>(target)) {
      if (!paths.has(posix.join("package", file))) problems.push(`${name} names ${file}, which is not in the package`);
    }
  }
  for (const file of files.filter(({ path }) => path.endsWith(".js"))) {
    for (const specifier of references(textOf(file))) {
      if (specifier.startsWith("node:")) continue;
      const known = specifier.startsWith(".")
        ? paths.has(posix.join(posix.dirname(file.path), specifier))
        : packageName(specifier) in manifest.dependencies;
      if (!known) problems.push(`${file.path} refers to ${specifier}, which is not in the package`);
    }
  }
  return problems;
}

/** Imports, and files beside a module that it finds by URL. */
function references(text: string): string[] {
  // `isSource ? new URL("./x.ts", …) : new URL("./x.js", …)` names both; only the second is shipped.
  const byUrl = withoutComments(text).matchAll(/new URL\("(\.[^"]+\.(?:js|json))", import\.meta\.url\)/g);
  return [...readImports(text).map(({ specifier }) => specifier), ...[...byUrl].map(([, path = ""]) => path)];
}

function packageName(specifier: string): string {
  return specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
}

function textOf(file: TarFile | undefined): string {
  return new TextDecoder().decode(file?.bytes);
}

async function runDeno(args: readonly string[]): Promise<void> {
  const command = await runtimePath("deno");
  const result = await runProcess({ command, args, cwd: ROOT, env: { NO_COLOR: "1" }, deadlineMs: DEADLINE_MS });
  if (!result.ok) throw new Error(`deno ${args.join(" ")}: ${result.ending}\n${result.output.trim()}`);
}

if (import.meta.main) {
  await runScript(async () => {
    const { values } = parseArgs({ options: { folder: { type: "string" } } });
    console.log(await pack(values.folder));
    return 0;
  });
}
