/**
 * Checks that the generated files are what the generators write now. It writes
 * them anew in place, so that after a finding they only need to be committed.
 *
 * @module
 */

import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { generate, GENERATED } from "./generate.ts";
import { type Finding, reportFindings } from "./lib/finding.ts";
import { findFiles, ROOT } from "./lib/files.ts";
import { runScript } from "./lib/run_script.ts";

/** Contents of all generated files, by path. */
export type Contents = ReadonlyMap<string, string>;

/** The files that differ between two states. */
export function compare(before: Contents, after: Contents): Finding[] {
  const files = [...new Set([...before.keys(), ...after.keys()])].sort();
  return files.filter((file) => before.get(file) !== after.get(file)).map((file) => {
    const line = firstDifference(before.get(file) ?? "", after.get(file) ?? "");
    const what = !before.has(file) ? "was missing" : !after.has(file) ? "is no longer generated" : "was out of date";
    return { file, line, rule: "generated", message: `it ${what}; it is now written anew: look at it and commit it` };
  });
}

function firstDifference(before: string, after: string): number {
  const lines = after.split("\n");
  const index = before.split("\n").findIndex((line, at) => line !== lines[at]);
  return Math.max(index, 0) + 1;
}

async function readGenerated(): Promise<Contents> {
  const contents = new Map<string, string>();
  for (const path of GENERATED) {
    const info = await stat(join(ROOT, path)).catch(() => undefined);
    const files = info?.isFile() ? [path] : await findFiles(path, () => true);
    for (const file of files) contents.set(file, await readFile(join(ROOT, file), "utf8"));
  }
  return contents;
}

async function main(): Promise<number> {
  const before = await readGenerated();
  await generate();
  const after = await readGenerated();
  return reportFindings(`${after.size} generated files`, compare(before, after));
}

if (import.meta.main) await runScript(main);
