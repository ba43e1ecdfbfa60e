/**
 * Makes the pool that a plugin is to run in, by its tier, its grants and the
 * runtime.
 *
 * @module
 */

import type { PluginSource } from "../core/node/registry.ts";
import { runtimeInfo } from "./adapters/runtime_info.ts";
import { makeBox, nodeFlags } from "./box/box.ts";
import { DenoBoxPool } from "./box/deno_pool.ts";
import { GroupPool, type PoolOptions, type TaskPool } from "./pool.ts";
import { ProcessPool } from "./process/process_pool.ts";

/**
 * Makes the pool of a plugin, or of plugins that share threads.
 *
 * @throws {StreamrackError} `permission-denied` where the runtime cannot keep the plugin to its grants.
 */
export function makePool(source: PluginSource, options: PoolOptions): TaskPool {
  if (source.tier === "inline") return new GroupPool(options);
  const { box } = makeBox(source, options.workerEntry);
  if (source.tier === "process") {
    const { url, grants, maxRssBytes } = source;
    return new ProcessPool({ pluginUrl: url, grants, box, maxRssBytes, idleTimeoutMs: options.idleTimeoutMs });
  }
  if (box === undefined) return new GroupPool(options);
  if (runtimeInfo().name === "deno") return new DenoBoxPool(options, box);
  return new GroupPool({ ...options, execArgv: nodeFlags(box), env: box.env, boxCheck: box.check });
}
