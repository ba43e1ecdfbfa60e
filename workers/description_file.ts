/**
 * The static description of a plugin: a file beside its module that tells what
 * the plugin is, so that nothing of it has to run to be listed, checked and
 * planned.
 *
 * @module
 */

import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { StreamrackError } from "../core/errors.ts";
import { checkContract, type Plugin } from "../core/node/define.ts";
import { isPluginDescription, type PluginDescription } from "../core/node/describe.ts";

/** The form of the file. */
const FORMAT_VERSION = 1;

/** Longest file that is read, in bytes. */
const FILE_MAX_BYTES = 16 * 1024 ** 2;

/** Where the description of a plugin is; nothing for a module that is no file. */
export function descriptionUrl(pluginUrl: string): URL | undefined {
  if (!pluginUrl.startsWith("file:")) return undefined;
  const url = new URL(pluginUrl);
  url.pathname = `${url.pathname.replace(/\.[cm]?[jt]sx?$/, "")}.streamrack.json`;
  url.search = "";
  url.hash = "";
  return url;
}

/**
 * Reads the description of a plugin.
 *
 * @returns Nothing if there is none.
 * @throws {StreamrackError} `description-mismatch` if the file is not such a description, `plugin-api-version` or `plugin-version`.
 */
export async function readDescription(pluginUrl: string): Promise<PluginDescription | undefined> {
  const url = descriptionUrl(pluginUrl);
  if (url === undefined) return undefined;
  const text = await readFile(url, "utf8").catch((thrown: { readonly code?: unknown }) => {
    if (thrown.code === "ENOENT" || thrown.code === "ENOTDIR") return undefined;
    throw unreadable(url, String(thrown));
  });
  if (text === undefined) return undefined;
  if (text.length > FILE_MAX_BYTES) throw unreadable(url, `it has more than ${FILE_MAX_BYTES} characters`);
  let document: { readonly formatVersion?: unknown; readonly description?: unknown } | null;
  try {
    document = JSON.parse(text);
  } catch (thrown) {
    throw unreadable(url, String(thrown));
  }
  if (document?.formatVersion !== FORMAT_VERSION) throw unreadable(url, `its formatVersion is not ${FORMAT_VERSION}`);
  const { description } = document;
  checkContract((description ?? {}) as Partial<Plugin>, `the plugin ${pluginUrl}`);
  if (!isPluginDescription(description)) throw unreadable(url, "it describes no plugin");
  return description;
}

/** Writes a description to its file. */
export async function writeDescription(file: URL, description: PluginDescription): Promise<void> {
  await writeFile(file, descriptionText(description));
}

/** The text of the file. */
export function descriptionText(description: PluginDescription): string {
  return `${JSON.stringify({ formatVersion: FORMAT_VERSION, description }, null, 2)}\n`;
}

function unreadable(url: URL, why: string): StreamrackError {
  return new StreamrackError("description-mismatch", `${fileURLToPath(url)} is no description of a plugin: ${why}`, {
    remedy: "Run `streamrack plugin build` on its module anew, or remove the file.",
  });
}
