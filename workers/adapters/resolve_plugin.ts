/**
 * Finds the module of a plugin. The three runtimes resolve names in their own
 * ways, and only relative to the module that asks; a plugin is found as the
 * application would find it.
 *
 * @module
 */

import { access } from "node:fs/promises";
import { isAbsolute } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { StreamrackError } from "../../core/errors.ts";

const IS_RELATIVE = /^\.\.?\//;
const IS_URL = /^(file|data|https?|blob):/;

/**
 * Gives the URL of a plugin's module.
 *
 * @param specifier A URL, an absolute or relative path (`./mine.ts`), or a package name.
 * @param resolveFrom Module or folder (with `/` at its end) that it is relative to. Default: the current folder.
 * @throws {StreamrackError} `plugin-not-found`.
 */
export async function resolvePlugin(specifier: string | URL, resolveFrom: string | URL | undefined): Promise<string> {
  const from = baseUrl(resolveFrom);
  const url = await resolve(specifier, from);
  if (url.protocol === "file:") {
    await access(url).catch((cause) => {
      throw notFound(specifier, `there is no file ${fileURLToPath(url)}`, cause);
    });
  }
  return url.href;
}

/**
 * Whether a plugin is a module of the application's own, as far as its place tells: one that was installed is named by
 * its package, or lies in a `node_modules` folder.
 *
 * @param url Of its module.
 */
export function isOwnModule(specifier: string | URL, url: string): boolean {
  const isPlace = specifier instanceof URL || isAbsolute(specifier) || IS_RELATIVE.test(specifier) ||
    IS_URL.test(specifier);
  return isPlace && url.startsWith("file:") && !url.includes("/node_modules/");
}

async function resolve(specifier: string | URL, from: URL): Promise<URL> {
  if (specifier instanceof URL) return specifier;
  if (isAbsolute(specifier)) return pathToFileURL(specifier);
  if (IS_RELATIVE.test(specifier)) return new URL(specifier, from);
  if (IS_URL.test(specifier)) return new URL(specifier);
  // Loaded only where a plugin is named by package.
  const { resolve: resolvePackage } = await import("import-meta-resolve");
  try {
    return new URL(resolvePackage(specifier, from.href));
  } catch (cause) {
    throw notFound(specifier, `no package of that name is found from ${from.href}`, cause);
  }
}

function baseUrl(resolveFrom: string | URL | undefined): URL {
  if (resolveFrom === undefined) return pathToFileURL(`${process.cwd()}/`);
  if (resolveFrom instanceof URL) return resolveFrom;
  return isAbsolute(resolveFrom) ? pathToFileURL(resolveFrom) : new URL(resolveFrom);
}

function notFound(specifier: string | URL, why: string, cause: unknown): StreamrackError {
  return new StreamrackError("plugin-not-found", `the plugin ${displaySpecifier(specifier)} was not found: ${why}`, {
    cause,
    remedy: 'Give a URL such as new URL("./mine.ts", import.meta.url), or install the package.',
  });
}

function displaySpecifier(specifier: string | URL): string {
  return JSON.stringify(specifier instanceof URL ? specifier.href : specifier);
}
