/**
 * Checks what others rely on from outside: the export map names files that are
 * there and every plugin of ours, and no document, CI file or constant speaks
 * of another version than the one place that lists it.
 *
 * The public surface itself is compared by `check_generated.ts`, as `api/`.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Finding, reportFindings } from "./lib/finding.ts";
import { findFiles, ROOT } from "./lib/files.ts";
import { RUNTIME_VERSIONS } from "./versions.ts";
import { runScript } from "./lib/run_script.ts";

/** The part of `deno.json` that is checked. */
export interface PackageConfig {
  /** Version of the package. */
  readonly version: string;
  /** The export map. */
  readonly exports: Readonly<Record<string, string>>;
}

/** What is wrong with the export map, given the files that there are. */
export function checkExportMap(config: PackageConfig, files: readonly string[]): Finding[] {
  const targets = Object.entries(config.exports);
  const missing = targets.filter(([, target]) => !files.includes(target.replace(/^\.\//, "")));
  const plugins = files.filter((file) => /^plugins\/[^/]+\/mod\.ts$/.test(file));
  const unlisted = plugins.filter((file) => !targets.some(([, target]) => target === `./${file}`));
  return [
    ...missing.map(([name, target]) =>
      finding("deno.json", `the export "${name}" names ${target}, which is not there`)
    ),
    ...unlisted.map((file) => {
      const name = file.split("/")[1];
      return finding("deno.json", `${file} is not exported: add "./plugins/${name}": "./${file}"`);
    }),
  ];
}

/** Mentions of another version than the listed one in the text of one file. */
export function checkVersions(file: string, text: string, packageVersion: string): Finding[] {
  const findings: Finding[] = [];
  const expect = (pattern: RegExp, version: string, where: string) => {
    for (const match of text.matchAll(pattern)) {
      if (match[1] === version) continue;
      const line = text.slice(0, match.index).split("\n").length;
      findings.push({ ...finding(file, `${match[0]}, but ${where} says ${version}`), line });
    }
  };
  expect(/\bdeno@(\d+\.\d+\.\d+)/g, RUNTIME_VERSIONS.deno, "scripts/versions.ts");
  expect(/\bbun@(\d+\.\d+\.\d+)/g, RUNTIME_VERSIONS.bun, "scripts/versions.ts");
  expect(/\bexport const VERSION = "([^"]+)"/g, packageVersion, "deno.json");
  return findings;
}

function finding(file: string, message: string): Finding {
  return { file, rule: "exports", message };
}

async function main(): Promise<number> {
  const config: PackageConfig = JSON.parse(await readFile(join(ROOT, "deno.json"), "utf8"));
  const files = await findFiles("", (path) => /\.(ts|json|md|yml)$|^\.ci\/run$/.test(path));
  // The fragments of tests speak of made-up versions.
  const told = files.filter((path) => !path.startsWith("tests/scripts/") && !path.endsWith(".json"));
  const versions = await Promise.all(
    told.map(async (file) => checkVersions(file, await readFile(join(ROOT, file), "utf8"), config.version)),
  );
  return reportFindings("exports and versions", [...checkExportMap(config, files), ...versions.flat()]);
}

if (import.meta.main) await runScript(main);
