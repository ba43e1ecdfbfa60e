/**
 * Compares a plugin that is loaded with what was said of it beforehand.
 *
 * @module
 */

import { displayValue, StreamrackError } from "../core/errors.ts";
import type { Plugin } from "../core/node/define.ts";
import { describePlugin, type PluginDescription } from "../core/node/describe.ts";
import { toJsonSchema } from "./json_schema.ts";

/** Plugins that were found to be as they were described. */
const compared = new WeakMap<Plugin, PluginDescription>();

/** @throws {StreamrackError} `description-mismatch` if the plugin is not as it was described. */
export async function compareDescription(plugin: Plugin, described: PluginDescription): Promise<void> {
  const known = compared.get(plugin) ?? await describePlugin(plugin, toJsonSchema);
  compared.set(plugin, known);
  const difference = findDifference(described, known, "");
  if (difference === undefined) return;
  const { path, expected, received } = difference;
  throw new StreamrackError("description-mismatch", "it is not the plugin that its description tells of", {
    pluginName: described.name,
    problems: [{
      path: path === "" ? "description" : path,
      message: "differs",
      received: displayValue(received),
      expected: displayValue(expected),
    }],
    remedy: "Run `streamrack plugin build` on its module anew.",
  });
}

interface Difference {
  readonly path: string;
  readonly expected: unknown;
  readonly received: unknown;
}

/** The first place where two JSON values differ. A field that is undefined counts as absent. */
export function findDifference(expected: unknown, received: unknown, path: string): Difference | undefined {
  if (!isObject(expected) || !isObject(received) || Array.isArray(expected) !== Array.isArray(received)) {
    return Object.is(expected, received) ? undefined : { path, expected, received };
  }
  for (const key of new Set([...Object.keys(expected), ...Object.keys(received)])) {
    const at = Array.isArray(expected) ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`;
    const found = findDifference(ownOf(expected, key), ownOf(received, key), at);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === "object" && value !== null;
}

function ownOf(value: { readonly [key: string]: unknown }, key: string): unknown {
  return Object.hasOwn(value, key) ? value[key] : undefined;
}
