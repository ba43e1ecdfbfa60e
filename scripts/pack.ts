/**
 * `deno task pack`: builds the npm package `out/streamrack-core-<version>.tgz`.
 *
 * `deno pack` turns the TypeScript into JavaScript with declarations and
 * derives package.json from deno.json. What it does not know is added here:
 * the command, the oldest Node, dependencies that are only looked up as files,
 * the documents that README.md links to, and a check that the package holds all
 * that it refers to.
 *
 * @module
 */

import { mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, join, posix } from "node:path";
import { parseArgs } from "node:util";
import { LIBRARY, LIBRARY_VERSION } from "../plugins/llm/local_library.ts";
import { findFiles, ROOT } from "./lib/files.ts";
import { readImports, withoutComments } from "./lib/imports.ts";
import { localLinks } from "./lib/markdown.ts";
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
    const { manifest, files: code } = finishPackage(readTarball(await readFile(raw)), imports);
    const files = [...code, ...await readDocuments(code)];
    const problems = [...findDangling(manifest, code), ...findBrokenLinks(files)];
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
  // The command and the entries of workers are started by their files, not imported; a JSON file needs no conditions.
  const exports = Object.entries(raw.exports).filter(([name]) =>
    name !== COMMAND.entry && !name.startsWith("./worker/")
  )
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
    // For local models: found where the application installs it, and never installed by itself.
    peerDependencies: { [LIBRARY]: `^${LIBRARY_VERSION}` },
    peerDependenciesMeta: { [LIBRARY]: { optional: true } },
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

/** The documents that are not in the package yet. */
async function readDocuments(packed: readonly TarFile[]): Promise<TarFile[]> {
  const taken = new Set(packed.map(({ path }) => path));
  const wanted = (await linkedFiles("README.md")).filter((path) => !taken.has(`package/${path}`));
  const sources = findSources(wanted, taken);
  if (sources.length > 0) {
    throw new Error(`documents link to sources, which would come into the package: ${sources.join(", ")}`);
  }
  return await Promise.all(wanted.map(async (path) => ({
    path: `package/${path}`,
    bytes: new Uint8Array(await readFile(join(ROOT, path))),
  })));
}

/** Documents that are the source of something in the package: a type checker would take them instead of declarations. */
export function findSources(documents: readonly string[], packed: ReadonlySet<string>): string[] {
  return documents.filter((path) => path.endsWith(".ts") && packed.has(`package/${path.replace(/\.ts$/, ".js")}`));
}

/** A document, the files and folders that it links to, and what the documents among those link to in turn. */
export async function linkedFiles(document: string, root: string = ROOT): Promise<string[]> {
  const found = new Set([document]);
  // A set that grows while it is walked through is walked through to its new end.
  for (const path of found) {
    if (!path.endsWith(".md")) continue;
    for (const target of linkTargets(path, await readFile(join(root, path), "utf8"))) {
      if (target.startsWith("../")) continue; // reported as broken
      const entry = await stat(join(root, target)).catch(() => undefined);
      if (entry?.isFile()) found.add(target);
      else if (entry?.isDirectory()) {
        for (const file of await findFiles(target, (name) => !name.endsWith(".test.ts"), root)) found.add(file);
      }
    }
  }
  return [...found].sort();
}

/** Links between documents of the package to what it does not hold. */
export function findBrokenLinks(files: readonly TarFile[]): string[] {
  const paths = files.map(({ path }) => path);
  return files.filter(({ path }) => path.endsWith(".md")).flatMap((file) =>
    linkTargets(file.path, textOf(file)).filter((target) => {
      const folder = target.replace(/\/?$/, "/");
      return !paths.some((path) => path === target || path.startsWith(folder));
    }).map((target) => `${file.path} links to ${target}, which is not in the package`)
  );
}

/** Where the links of a document lead to, from the folder that its path starts from. */
function linkTargets(document: string, text: string): string[] {
  return localLinks(text).filter(({ path }) => path !== "").map(({ path }) =>
    posix.join(posix.dirname(document), path)
  );
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
