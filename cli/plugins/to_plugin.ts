/**
 * Plugins as they are typed.
 *
 * @module
 */

import { isAbsolute, resolve } from "node:path";
import { pathToFileURL } from "node:url";

/** A path becomes a URL, also without `./` in front; anything else is left for the runtime to resolve. */
export function toPlugin(text: string, folder = "."): string | URL {
  const isPath = /^\.\.?\//.test(text) || isAbsolute(text) ||
    /\.[cm]?[jt]s$/.test(text) && !/^[a-z][a-z0-9+.-]+:/i.test(text);
  return isPath ? pathToFileURL(resolve(folder, text)) : text;
}
