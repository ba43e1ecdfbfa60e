/**
 * Makes the static description of a plugin.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { StreamrackError } from "../core/errors.ts";
import type { PluginDescription } from "../core/node/describe.ts";
import { resolvePlugin } from "./adapters/resolve_plugin.ts";
import { descriptionText, descriptionUrl, writeDescription } from "./description_file.ts";
import { WORKER_ENTRY_URL } from "./entry_url.ts";
import { describeInPool } from "./plugins.ts";
import { GroupPool } from "./pool.ts";

/** How {@linkcode buildDescription} works. */
export interface BuildOptions {
  /** Module or folder from which package names are found, as a URL or an absolute path. Default: the current folder. */
  readonly resolveFrom?: string | URL | undefined;
  /** Whether the file is written. Default: true. */
  readonly write?: boolean | undefined;
  /** How long the plugin may take to load, in milliseconds. Default: 60 000. */
  readonly timeoutMs?: number | undefined;
}

/** A description that was made. */
export interface BuiltDescription {
  /** The file, beside the plugin's module. */
  readonly path: string;
  /** Whether the file said just this already. */
  readonly isCurrent: boolean;
  readonly description: PluginDescription;
}

/**
 * Loads a plugin in a worker thread, and writes what it is to a file beside
 * its module: `mine.ts` is described by `mine.streamrack.json`. Where that file
 * is there, `createRuntime` reads it instead of running the plugin.
 *
 * @param plugin URL, path or package name of a plugin whose module is a file.
 * @throws {StreamrackError} `plugin-not-found`, `plugin-load-failed`, `invalid-plugin`, `plugin-api-version`, `plugin-version`, or `invalid-options` for a module that is no file.
 */
export async function buildDescription(plugin: string | URL, options: BuildOptions = {}): Promise<BuiltDescription> {
  const { resolveFrom, write = true, timeoutMs = 60_000 } = options;
  const url = await resolvePlugin(plugin, resolveFrom);
  const file = descriptionUrl(url);
  if (file === undefined) {
    throw new StreamrackError("invalid-options", `${url} is no file beside which a description could be written`);
  }
  const pool = new GroupPool({ workerEntry: WORKER_ENTRY_URL, maxThreads: 1 });
  try {
    const description = await describeInPool(url, pool, timeoutMs);
    const isCurrent = await readFile(file, "utf8").catch(() => "") === descriptionText(description);
    if (write && !isCurrent) await writeDescription(file, description);
    return { path: fileURLToPath(file), isCurrent, description };
  } finally {
    await pool.close();
  }
}
