/**
 * Finds, describes and registers the plugins that an application names.
 *
 * @module
 */

import { fromErrorEnvelope } from "../core/error_envelope.ts";
import { StreamrackError } from "../core/errors.ts";
import { settledWithin } from "../core/flow/settled_within.ts";
import { checkPlugin } from "../core/node/define.ts";
import { describePlugin, type PluginDescription } from "../core/node/describe.ts";
import { findUngranted } from "../core/node/grants.ts";
import type { Permissions } from "../core/node/permissions.ts";
import type { PluginSource, RegisteredPlugin, StreamingNodeRegistry } from "../core/node/registry.ts";
import { isOwnModule, resolvePlugin } from "./adapters/resolve_plugin.ts";
import { resolvePermissions, TRUSTED } from "./box/box.ts";
import { findGap } from "./box/gaps.ts";
import { chooseTier } from "./choose_tier.ts";
import { readDescribeResult } from "./control_messages.ts";
import { readDescription } from "./description_file.ts";
import { toJsonSchema } from "./json_schema.ts";
import { type PlacedPlugin, type PluginInput, readPluginInput } from "./plugin_input.ts";
import { checkVersion } from "./plugin_version.ts";
import type { TaskPool } from "./pool.ts";
import { type DescribeResult, PROTOCOL_VERSION } from "./protocol.ts";
import { RemoteTask } from "./remote_task.ts";

/** What {@linkcode registerPlugins} needs of the runtime. */
export interface RegisterOptions extends DescribeOptions {
  /** The isolation group of a plugin that has no grants of its own. */
  groupOf(pluginName: string): string;
  /** Takes over the pool in which a plugin was described. It is the first one of the group, or of no use. */
  adoptPool(group: string, pool: TaskPool): Promise<void>;
}

/**
 * Describes all plugins at once, each in a worker unless its description is at hand, and registers them in the order
 * given.
 *
 * @returns What they call themselves.
 */
export async function registerPlugins(
  inputs: readonly PluginInput[],
  registry: StreamingNodeRegistry,
  options: RegisterOptions,
): Promise<string[]> {
  const settled = await Promise.allSettled(inputs.map((input) => describeInput(input, options)));
  const described = settled.flatMap((result) => result.status === "fulfilled" ? [result.value] : []);
  try {
    for (const result of settled) if (result.status === "rejected") throw result.reason;
    for (const { plugin } of described) registry.register({ ...plugin, group: groupOf(plugin, options) });
  } catch (thrown) {
    await Promise.all(described.map(({ pool }) => pool?.close()));
    throw thrown;
  }
  for (const { plugin, pool } of described) {
    if (pool !== undefined) await options.adoptPool(groupOf(plugin, options), pool);
  }
  return described.map(({ plugin }) => plugin.description.name);
}

/** The group of a plugin: its own, if it has a process or grants. */
export function groupOf(
  { description: { name }, source }: Omit<RegisteredPlugin, "group">,
  { groupOf }: Pick<RegisterOptions, "groupOf">,
): string {
  if (source.tier === "process") return `process ${name}`;
  const group = groupOf(name);
  if (source.tier === "inline" || source.grants === undefined || group === name) return group;
  throw new StreamrackError("invalid-options", `"${name}" cannot share threads: it has grants of its own`, {
    pluginName: name,
    remedy: "Take it out of trust, or name it with grants: true.",
  });
}

/** What is needed to describe a plugin. */
export interface DescribeOptions {
  readonly resolveFrom: string | URL | undefined;
  readonly timeoutMs: number;
  /** Makes a pool for a plugin. */
  makePool(source: PluginSource): TaskPool;
}

/** A plugin that is described. */
export interface Described {
  readonly plugin: Omit<RegisteredPlugin, "group">;
  /** Where it was loaded to be described, if it was: it serves the first session. */
  readonly pool: TaskPool | undefined;
}

/**
 * Describes a plugin as an application names it. None of its code runs if its
 * description is beside its module.
 *
 * @throws {StreamrackError} `permission-denied` if it needs what it was not granted, `plugin-version` if it is not of a
 *   version that the application takes, besides what is wrong with it.
 */
export async function describeInput(input: PluginInput, options: DescribeOptions): Promise<Described> {
  const named = readPluginInput(input);
  if (named.tier === "inline") {
    const description = await describePlugin(checkPlugin(named.plugin), toJsonSchema);
    return { plugin: { description, source: named }, pool: undefined };
  }
  const { plugin, tier, allowNative, maxRssBytes, version, allowUnenforced } = named;
  const url = await resolvePlugin(plugin, options.resolveFrom);
  const grants = grantsOf(named, url);
  const ahead = await readDescription(url);
  const sourceIn = (tier: "worker" | "process"): Exclude<PluginSource, { readonly tier: "inline" }> => {
    const source = { url, version, grants, allowUnenforced };
    return tier === "process" ? { ...source, tier, maxRssBytes } : { ...source, tier };
  };
  const wanted = { tier, allowNative };
  if (ahead !== undefined) {
    return { plugin: describedAs(ahead, sourceIn(chooseTier(ahead, wanted)), named, true), pool: undefined };
  }
  const first = sourceIn(tier ?? "worker");

  const pool = options.makePool(first);
  try {
    const description = await describeInPool(url, pool, options.timeoutMs);
    // Its wish is known only now.
    const source = sourceIn(chooseTier(description, wanted));
    const described = describedAs(description, source, named, false);
    if (source.tier === first.tier) return { plugin: described, pool };
    await pool.close();
    return { plugin: described, pool: undefined };
  } catch (thrown) {
    await pool.close();
    throw thrown;
  }
}

/** What a plugin is held to, before it has said what it needs: `undefined` for nothing. */
function grantsOf({ plugin, grants }: PlacedPlugin, url: string): Permissions | undefined {
  if (grants === true) return undefined;
  return grants ?? (isOwnModule(plugin, url) ? undefined : {});
}

function describedAs(
  description: PluginDescription,
  source: Exclude<PluginSource, { readonly tier: "inline" }>,
  named: PlacedPlugin,
  isDescribedAhead: boolean,
): Described["plugin"] {
  const { tier, url, grants, allowUnenforced } = source;
  const { name, permissions = {} } = description;
  checkVersion(description, source.version);
  // Nothing of what it asks for is given by silence, also to a module of the application's own.
  const problems = named.grants === true
    ? []
    : findUngranted(resolvePermissions(permissions, url), resolvePermissions(grants ?? {}, url));
  if (problems.length > 0) {
    throw new StreamrackError("permission-denied", "it needs what it was not granted", {
      pluginName: name,
      problems: problems.map((problem) => ({ ...problem, path: `grants.${problem.path}` })),
      remedy:
        "Add it to the grants of the plugin, or leave the plugin out; grants: true gives it whatever it asks for.",
    });
  }
  if (grants === undefined) return { description, source, isDescribedAhead };
  const gap = findGap(tier, grants);
  if (gap !== undefined && allowUnenforced !== true) {
    throw new StreamrackError("permission-denied", gap.detail, {
      pluginName: name,
      remedy: `${gap.remedy} ${TRUSTED}`,
    });
  }
  return { description, source, isDescribedAhead, isUnenforced: gap !== undefined };
}

/** Loads a plugin in a thread or process of its own pool: its name, and so its group, is not known yet. */
export async function describeInPool(url: string, pool: TaskPool, timeoutMs: number): Promise<PluginDescription> {
  const task = new RemoteTask<DescribeResult>({
    pool,
    task: { kind: "describe", protocolVersion: PROTOCOL_VERSION, pluginUrl: url },
    group: url,
    pluginName: url,
    readResult: readDescribeResult,
  });
  let result: DescribeResult | undefined;
  try {
    result = await settledWithin(task.result, timeoutMs);
  } catch (thrown) {
    throw new StreamrackError("plugin-load-failed", `the plugin ${url} ended its worker while it was loaded`, {
      cause: thrown,
    });
  }
  if (result === undefined) {
    await task.endWithin(0);
    throw new StreamrackError("plugin-load-failed", `the plugin ${url} was not loaded within ${timeoutMs} ms`, {
      remedy: "Look for a top-level await that never settles, or a loop, in the module.",
    });
  }
  if (result.ok) return result.value;
  throw fromErrorEnvelope(result.error);
}
