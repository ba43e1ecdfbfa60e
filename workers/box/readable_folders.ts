/**
 * What a boxed plugin has to read to be loaded.
 *
 * @module
 */

import { existsSync, realpathSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** Where this package has code that workers and plugins import. As an installed package it is among the dependencies. */
const ENGINE_FOLDERS = ["core", "workers", "audio", "runners", "package.json"];

/** Where the code of the plugin and the worker is: nothing could be loaded without. Absolute paths that exist. */
export function readableFolders(pluginUrl: string, workerEntry: URL): string[] {
  const engine = dirname(dirname(fileURLToPath(workerEntry)));
  const folders = [...ENGINE_FOLDERS.map((name) => join(engine, name)), ...dependencyFolders(engine)];
  if (pluginUrl.startsWith("file:")) {
    const own = ownFolder(fileURLToPath(pluginUrl));
    folders.push(own, ...dependencyFolders(own));
  }
  const existing = [...new Set(folders)].filter((folder) => existsSync(folder));
  return [...new Set(existing.flatMap((folder) => [folder, realpathSync(folder)]))];
}

/** The package that a module is of, where it is installed; else the folder that it is in. */
function ownFolder(path: string): string {
  const parts = path.split(sep);
  const at = parts.lastIndexOf("node_modules");
  if (at < 0) return dirname(path);
  return parts.slice(0, at + (parts[at + 1]?.startsWith("@") ? 3 : 2)).join(sep);
}

function dependencyFolders(folder: string): string[] {
  const parent = dirname(folder);
  return [join(folder, "node_modules"), ...(parent === folder ? [] : dependencyFolders(parent))];
}
