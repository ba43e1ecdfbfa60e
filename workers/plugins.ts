/**
 * Finds, describes and registers the plugins that an application names.
 *
 * @module
 */

import { fromErrorEnvelope } from "../core/error_envelope.ts";
import { displayValue, StreamrackError } from "../core/errors.ts";
import { settledWithin } from "../core/flow/settled_within.ts";
import { checkPlugin, type Plugin } from "../core/node/define.ts";
import { describePlugin, type PluginDescription } from "../core/node/describe.ts";
import type { StreamingNodeRegistry } from "../core/node/registry.ts";
import { resolvePlugin } from "./adapters/resolve_plugin.ts";
import { readDescribeResult } from "./control_messages.ts";
import { toJsonSchema } from "./json_schema.ts";
import type { GroupPool } from "./pool.ts";
import { type DescribeResult, PROTOCOL_VERSION } from "./protocol.ts";
import { RemoteTask } from "./remote_task.ts";

/** How an application names a plugin: URL, package name, or (inline tier only) the plugin itself. */
export type PluginInput = string | URL | { readonly tier: "inline"; readonly plugin: Plugin };

/** What {@linkcode registerPlugins} needs of the runtime. */
export interface RegisterOptions {
  readonly resolveFrom: string | URL | undefined;
  readonly timeoutMs: number;
  groupOf(pluginName: string): string;
  pool(group: string): GroupPool;
  /** Hands the pool of one group over to another, which keeps its own if it has one. */
  renamePool(from: string, to: string): Promise<void>;
}

/** Describes all plugins at once, each in a worker, and registers them in the order given. */
export async function registerPlugins(
  inputs: readonly PluginInput[],
  registry: StreamingNodeRegistry,
  options: RegisterOptions,
): Promise<void> {
  const described = await Promise.all(inputs.map((input) => describeInput(input, options)));
  for (const { description, source } of described) {
    const group = options.groupOf(description.name);
    registry.register({ description, source, group });
    // The thread that has described the plugin has it loaded: it serves the first session.
    if (source.tier === "worker") await options.renamePool(source.url, group);
  }
}

type Described = Parameters<StreamingNodeRegistry["register"]>[0];

async function describeInput(input: PluginInput, options: RegisterOptions): Promise<Described> {
  if (typeof input === "object" && !(input instanceof URL)) {
    if (input?.tier !== "inline") {
      throw new StreamrackError("invalid-options", "a plugin object runs in the host thread only", {
        problems: [{
          path: "plugins",
          message: "is not a plugin to load",
          received: displayValue(input),
          expected: 'a URL, a package name, or { tier: "inline", plugin }',
        }],
      });
    }
    const description = await describePlugin(checkPlugin(input.plugin), toJsonSchema);
    return { description, source: { tier: "inline", plugin: input.plugin } };
  }
  const url = await resolvePlugin(input, options.resolveFrom);
  return { description: await describeInWorker(url, options), source: { tier: "worker", url } };
}

/** Loads a plugin in a thread of a group of its own: its name, and so its group, is not known yet. */
async function describeInWorker(url: string, { pool, timeoutMs }: RegisterOptions): Promise<PluginDescription> {
  const task = new RemoteTask<DescribeResult>({
    pool: pool(url),
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
