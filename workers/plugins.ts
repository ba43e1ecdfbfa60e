/**
 * Finds, describes and registers the plugins that an application names.
 *
 * @module
 */

import { fromErrorEnvelope } from "../core/error_envelope.ts";
import { displayValue, type Problem, StreamrackError } from "../core/errors.ts";
import { settledWithin } from "../core/flow/settled_within.ts";
import { checkPlugin, type Plugin } from "../core/node/define.ts";
import { describePlugin, type PluginDescription } from "../core/node/describe.ts";
import type { PluginSource, ProcessOptions, StreamingNodeRegistry } from "../core/node/registry.ts";
import { resolvePlugin } from "./adapters/resolve_plugin.ts";
import { chooseTier, type WantedTier } from "./choose_tier.ts";
import { readDescribeResult } from "./control_messages.ts";
import { toJsonSchema } from "./json_schema.ts";
import type { TaskPool } from "./pool.ts";
import { type DescribeResult, PROTOCOL_VERSION } from "./protocol.ts";
import { RemoteTask } from "./remote_task.ts";

/** A plugin that is to run in a worker thread, whatever it would like, or in a child process of its own. */
export interface PlacedPlugin extends ProcessOptions, WantedTier {
  readonly tier: "worker" | "process";
  /** URL or package name. */
  readonly plugin: string | URL;
}

/** How an application names a plugin: URL, package name, either with its tier, or (inline tier only) the plugin itself. */
export type PluginInput = string | URL | PlacedPlugin | { readonly tier: "inline"; readonly plugin: Plugin };

/** What {@linkcode registerPlugins} needs of the runtime. */
export interface RegisterOptions {
  readonly resolveFrom: string | URL | undefined;
  readonly timeoutMs: number;
  groupOf(pluginName: string): string;
  /** The pool of a group. @param source What the group is made for, where its plugin is not registered yet. */
  pool(group: string, source?: PluginSource): TaskPool;
  /** Hands the pool of one group over to another, which keeps its own if it has one. */
  renamePool(from: string, to: string): Promise<void>;
  closePool(group: string): Promise<void>;
}

/** Describes all plugins at once, each in a worker, and registers them in the order given. */
export async function registerPlugins(
  inputs: readonly PluginInput[],
  registry: StreamingNodeRegistry,
  options: RegisterOptions,
): Promise<void> {
  const described = await Promise.all(inputs.map((input) => describeInput(input, options)));
  for (const { description, source } of described) {
    const group = source.tier === "process" ? `process ${description.name}` : options.groupOf(description.name);
    registry.register({ description, source, group });
    // The thread that has described the plugin has it loaded: it serves the first session.
    if (source.tier !== "inline") await options.renamePool(describedIn(source), group);
  }
}

type Described = Parameters<StreamingNodeRegistry["register"]>[0];

/** The name of the pool in which a plugin is described: its own name is not known yet. */
function describedIn({ tier, url }: Exclude<PluginSource, { readonly tier: "inline" }>): string {
  return `${tier} ${url}`;
}

async function describeInput(input: PluginInput, options: RegisterOptions): Promise<Described> {
  if (typeof input === "string" || input instanceof URL) {
    const url = await resolvePlugin(input, options.resolveFrom);
    const description = await describeInPool({ tier: "worker", url }, options);
    if (chooseTier(description, {}) === "worker") return { description, source: { tier: "worker", url } };
    // Its wish is known only now. The thread that has described it goes.
    await options.closePool(describedIn({ tier: "worker", url }));
    return { description, source: { tier: "process", url } };
  }
  if (input?.tier === "worker" || input?.tier === "process") {
    const { tier, plugin, allowNative, ...process } = input;
    checkProcessOptions(input);
    const url = await resolvePlugin(plugin, options.resolveFrom);
    const source: PluginSource = tier === "process" ? { tier, url, process } : { tier, url };
    const description = await describeInPool(source, options);
    chooseTier(description, { tier, allowNative });
    return { description, source };
  }
  if (input?.tier !== "inline") {
    throw new StreamrackError("invalid-options", "a plugin object runs in the host thread only", {
      problems: [{
        path: "plugins",
        message: "is not a plugin to load",
        received: displayValue(input),
        expected: 'a URL, a package name, { tier: "worker" or "process", plugin: URL or name }, ' +
          'or { tier: "inline", plugin }',
      }],
    });
  }
  const description = await describePlugin(checkPlugin(input.plugin), toJsonSchema);
  return { description, source: { tier: "inline", plugin: input.plugin } };
}

function checkProcessOptions({ tier, maxRssBytes, permissions, env }: PlacedPlugin): void {
  const problems: Problem[] = [];
  if (maxRssBytes !== undefined && !(Number.isSafeInteger(maxRssBytes) && maxRssBytes >= 1)) {
    const received = displayValue(maxRssBytes);
    problems.push({
      path: "plugins.maxRssBytes",
      message: "is not right",
      received,
      expected: "a whole number from 1",
    });
  }
  if (tier === "worker" && [maxRssBytes, permissions, env].some((option) => option !== undefined)) {
    problems.push({
      path: "plugins.tier",
      message: "has no maxRssBytes, permissions or env",
      received: '"worker"',
      expected: '"process"',
    });
  }
  if (problems.length === 0) return;
  throw new StreamrackError("invalid-options", "a plugin cannot run with these options", { problems });
}

/** Loads a plugin in a thread or process of a group of its own: its name, and so its group, is not known yet. */
async function describeInPool(
  source: Exclude<PluginSource, { readonly tier: "inline" }>,
  { pool, timeoutMs }: RegisterOptions,
): Promise<PluginDescription> {
  const { url } = source;
  const task = new RemoteTask<DescribeResult>({
    pool: pool(describedIn(source), source),
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
