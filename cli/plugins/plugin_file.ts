/**
 * `--plugin-file`: a file that names plugins, with all that an application can
 * say of them.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { PlacedPlugin } from "../../mod.ts";
import { StreamrackError } from "../../core/plugin.ts";
import { toPlugin } from "./to_plugin.ts";

/**
 * Reads a list of plugins, JSON or YAML, in the form of the option `plugins` of `createRuntime`. Paths of plugins begin
 * at the file; what else stands there is checked by the runtime.
 *
 * @throws {StreamrackError} `file-not-found`, or `invalid-options` if it holds no such list.
 */
export async function readPluginFile(path: string): Promise<PlacedPlugin[]> {
  const text = await readFile(path, "utf8").catch((cause) => {
    throw new StreamrackError("file-not-found", `cannot read ${path}`, { cause });
  });
  const entries = await parse(text, path);
  if (!Array.isArray(entries)) throw noList(path, "it is no list");
  return entries.map((entry: unknown, i) => {
    const named = typeof entry === "string" ? { plugin: entry } : entry as PlacedPlugin | null;
    if (typeof named?.plugin !== "string") throw noList(path, `its entry ${i + 1} names no plugin`);
    return { ...named, plugin: toPlugin(named.plugin, dirname(path)) };
  });
}

async function parse(text: string, path: string): Promise<unknown> {
  const yaml = await import("yaml");
  try {
    return yaml.parse(text, { maxAliasCount: 100 });
  } catch (cause) {
    throw noList(path, "it is neither JSON nor YAML", cause);
  }
}

function noList(path: string, why: string, cause?: unknown): StreamrackError {
  return new StreamrackError("invalid-options", `${path} is no list of plugins: ${why}`, {
    cause,
    remedy: "Write one like - { plugin: ./mine.ts, grants: { net: [api.example.com] } } for each.",
  });
}
