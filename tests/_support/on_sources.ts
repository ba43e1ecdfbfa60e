/**
 * Runs code that is written against our published names, on runtimes without
 * an import map.
 *
 * @module
 */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ROOT } from "../../scripts/lib/files.ts";

const exportMap: Record<string, string> = JSON.parse(await readFile(join(ROOT, "deno.json"), "utf8")).exports;

/** The code with our published names replaced by the sources. */
export function onSources(code: string): string {
  return code.replace(/"@streamrack\/core(\/[\w./-]+)?"/g, (specifier, entry: string = "") => {
    const target = exportMap[`.${entry}`];
    assert.ok(target !== undefined, `${specifier} is not an entry of deno.json`);
    return JSON.stringify(pathToFileURL(join(ROOT, target)).href);
  });
}

/** What lines such as `console.log(x); // prints: 3` promise. */
export function promisedLines(code: string): string[] {
  return [...code.matchAll(/\/\/ prints: (.*)$/gm)].map(([, line = ""]) => line.trim());
}

/** What is printed while something runs. */
export async function printedLines(run: () => Promise<unknown>): Promise<string[]> {
  const lines: string[] = [];
  const { log } = console;
  console.log = (...values: unknown[]) => void lines.push(values.map(String).join(" "));
  try {
    await run();
  } finally {
    console.log = log;
  }
  return lines;
}
