/**
 * How an application names a plugin.
 *
 * @module
 */

import { displayValue, type Problem, StreamrackError } from "../core/errors.ts";
import type { Plugin } from "../core/node/define.ts";
import type { GrantOptions } from "../core/node/grants.ts";
import { checkPermissions } from "../core/node/permissions.ts";
import type { ProcessOptions } from "../core/node/registry.ts";
import { isVersionRange } from "../core/node/version_range.ts";
import type { WantedTier } from "./choose_tier.ts";

/** A plugin with how it is to run. */
export interface PlacedPlugin extends WantedTier, GrantOptions, ProcessOptions {
  /** URL, path or package name. */
  readonly plugin: string | URL;
  /**
   * The versions of the plugin that are taken, as a range in npm's form: `"^1.2.0"`, `">=1.2 <3"`. Another one is
   * refused with `plugin-version`, when the runtime is made, when the plugin is loaded anew, and where a new thread
   * finds it. Default: any.
   */
  readonly version?: string | undefined;
}

/** A plugin that runs in the host thread, for tests and trusted code. */
export interface InlinePlugin {
  readonly tier: "inline";
  readonly plugin: Plugin;
}

/** How an application names a plugin: URL, path or package name, either with how it is to run, or (inline tier only) the plugin itself. */
export type PluginInput = string | URL | PlacedPlugin | InlinePlugin;

/** Gives the long form of a name. @throws {StreamrackError} `invalid-options` */
export function readPluginInput(input: PluginInput): PlacedPlugin | InlinePlugin {
  if (typeof input === "string" || input instanceof URL) return { plugin: input };
  if (input?.tier === "inline") return input;
  const problems = problemsOf(input);
  if (problems.length === 0) return input;
  throw new StreamrackError("invalid-options", "a plugin cannot run with these options", { problems });
}

/** All that can be said of a plugin. */
const KNOWN: ReadonlySet<string> = new Set(
  [
    "plugin",
    "version",
    "tier",
    "grants",
    "allowUnenforced",
    "allowNative",
    "maxRssBytes",
  ] satisfies (keyof PlacedPlugin)[],
);

function problemsOf(input: PlacedPlugin): Problem[] {
  const refuse = (name: string, received: unknown, expected: string): Problem => {
    return { path: `plugins.${name}`, message: "is not right", received: displayValue(received), expected };
  };
  if (
    typeof input !== "object" || input === null || !(typeof input.plugin === "string" || input.plugin instanceof URL)
  ) {
    const expected = 'a URL, a path, a package name, { plugin: one of these, … }, or { tier: "inline", plugin }: ' +
      "a plugin object runs in the host thread only";
    return [{ path: "plugins", message: "is not a plugin to load", received: displayValue(input), expected }];
  }
  const { tier, version, grants, allowUnenforced, maxRssBytes } = input;
  // One that is misspelt would leave the plugin with more than was meant.
  const problems = Object.entries(input).filter(([name]) => !KNOWN.has(name))
    .map(([name, value]) => refuse(name, value, `a key that is known: ${[...KNOWN].join(", ")}`));
  if (tier !== undefined && tier !== "worker" && tier !== "process") {
    problems.push(refuse("tier", tier, '"worker", "process" or "inline"'));
  }
  if (version !== undefined && !(typeof version === "string" && isVersionRange(version))) {
    problems.push(refuse("version", version, 'a range of versions such as "^1.2.0"'));
  }
  if (grants !== undefined && grants !== true) problems.push(...checkPermissions(grants, "plugins.grants"));
  if (allowUnenforced !== undefined && typeof allowUnenforced !== "boolean") {
    problems.push(refuse("allowUnenforced", allowUnenforced, "true or false"));
  }
  if (maxRssBytes !== undefined && !(Number.isSafeInteger(maxRssBytes) && maxRssBytes >= 1)) {
    problems.push(refuse("maxRssBytes", maxRssBytes, "a whole number from 1"));
  }
  if (maxRssBytes !== undefined && tier === "worker") {
    problems.push(
      refuse("maxRssBytes", maxRssBytes, 'nothing with tier "worker": only a process has a limit of memory'),
    );
  }
  return problems;
}
