/**
 * The repository's own files, found by walking: nothing is listed by hand.
 *
 * @module
 */

import { readdir } from "node:fs/promises";
import { join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** Absolute path of the repository. */
export const ROOT: string = fileURLToPath(new URL("../../", import.meta.url)).replace(/[\\/]$/, "");

const SKIPPED = new Set(["node_modules", ".git", ".tools", "out", "coverage"]);

/**
 * Paths of all files below `folder` that `wanted` accepts, sorted, relative to
 * the root, with forward slashes on every system. A folder that is not there
 * holds no files.
 */
export async function findFiles(
  folder: string,
  wanted: (path: string) => boolean,
  root: string = ROOT,
): Promise<string[]> {
  const found: string[] = [];
  const visit = async (absolute: string): Promise<void> => {
    const entries = await readdir(absolute, { withFileTypes: true }).catch((error: { code?: string }) => {
      if (error.code === "ENOENT") return [];
      throw error;
    });
    for (const entry of entries) {
      const path = join(absolute, entry.name);
      if (entry.isDirectory()) {
        if (!SKIPPED.has(entry.name)) await visit(path);
      } else if (entry.isFile()) {
        const name = relative(root, path).split(sep).join("/");
        if (wanted(name)) found.push(name);
      }
    }
  };
  await visit(resolve(root, folder));
  return found.sort();
}
