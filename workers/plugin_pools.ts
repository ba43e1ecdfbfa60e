/**
 * The plugins of a runtime with the pools that they run in: a pool for each
 * isolation group, and, when a group is loaded anew, for each of its
 * generations that a session still uses.
 *
 * @module
 */

import { StreamrackError } from "../core/errors.ts";
import type { PluginDescription } from "../core/node/describe.ts";
import type { PluginSource, RegisteredPlugin, StreamingNodeRegistry } from "../core/node/registry.ts";
import type { Plan, PlanSegment } from "../core/pipeline/plan.ts";
import { makePool } from "./make_pool.ts";
import type { PluginInput } from "./plugin_input.ts";
import { type Described, describeInput, groupOf, registerPlugins } from "./plugins.ts";
import type { PoolOptions, TaskPool } from "./pool.ts";

/** What {@linkcode PluginPools} needs. */
export interface PluginPoolsOptions {
  readonly registry: StreamingNodeRegistry;
  readonly poolOptions: PoolOptions;
  readonly resolveFrom: string | URL | undefined;
  readonly timeoutMs: number;
  groupOf(pluginName: string): string;
  /** Told of a group that nothing will run in any more. */
  onRetired(group: string): void;
}

/** The plugins of a runtime, and their pools. */
export class PluginPools {
  readonly #options: PluginPoolsOptions;
  readonly #pools = new Map<string, TaskPool>();
  /** As the application named them, by their own names. */
  readonly #inputs = new Map<string, PluginInput>();
  /** How many plans use a group. */
  readonly #uses = new Map<string, number>();
  /** Groups that have been loaded anew. */
  readonly #retired = new Set<string>();
  #reloading: Promise<unknown> = Promise.resolve();
  #generation = 1;
  #isClosed = false;

  constructor(options: PluginPoolsOptions) {
    this.#options = options;
  }

  /** Changes whenever plugins are loaded anew: a plan from before may use what is retired. */
  get generation(): number {
    return this.#generation;
  }

  /** Threads and processes that are up. */
  get threads(): number {
    return [...this.#pools.values()].reduce((sum, pool) => sum + pool.threads, 0);
  }

  /** Describes plugins and registers them. @throws {StreamrackError} as `createRuntime`. */
  async register(inputs: readonly PluginInput[]): Promise<void> {
    const registered = await registerPlugins(inputs, this.#options.registry, {
      ...this.#describeOptions,
      groupOf: this.#options.groupOf,
      adoptPool: (group, pool) => this.#adopt(group, pool),
    });
    for (const [i, name] of registered.entries()) this.#inputs.set(name, inputs[i] as PluginInput);
  }

  /** The pool of a segment. */
  get({ group, nodes: [node] }: PlanSegment): TaskPool {
    let pool = this.#pools.get(group);
    if (pool === undefined) {
      // Its own source, not one that is looked up by a name: what it may reach depends on it.
      pool = makePool((node as PlanSegment["nodes"][number]).plugin.source, this.#options.poolOptions);
      this.#pools.set(group, pool);
    }
    return pool;
  }

  /** Keeps the groups of a plan. @returns Lets them go; may be called more than once. */
  use({ segments }: Plan): () => void {
    const groups = new Set(segments.map(({ group }) => group));
    for (const group of groups) this.#uses.set(group, (this.#uses.get(group) ?? 0) + 1);
    let isUsed = true;
    return () => {
      if (!isUsed) return;
      isUsed = false;
      for (const group of groups) {
        const left = (this.#uses.get(group) as number) - 1;
        if (left > 0) this.#uses.set(group, left);
        else this.#uses.delete(group);
        void this.#closeUnused(group);
      }
    };
  }

  /**
   * Loads a plugin anew, with those that share its threads. What uses it now goes on with what it has.
   *
   * @returns What the plugin is now.
   */
  reload(name: string): Promise<PluginDescription> {
    const reloaded = this.#reloading.then(() => this.#reload(name));
    this.#reloading = reloaded.catch(() => {});
    return reloaded;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#pools.values()].map((pool) => pool.close()));
  }

  get #describeOptions() {
    const { resolveFrom, timeoutMs, poolOptions } = this.#options;
    return { resolveFrom, timeoutMs, makePool: (source: PluginSource) => makePool(source, poolOptions) };
  }

  async #reload(name: string): Promise<PluginDescription> {
    this.#checkOpen();
    const { registry } = this.#options;
    const { source, group } = registry.plugins().find(({ description }) => description.name === name) ?? {};
    if (source === undefined) {
      throw new StreamrackError("plugin-not-found", `no plugin is named "${name}" in this runtime`, {
        remedy: "Give the name by which it describes itself; see runtime.registry.plugins().",
      });
    }
    if (source.tier === "inline") {
      throw new StreamrackError(
        "invalid-options",
        "a plugin of the inline tier is an object: there is nothing to load",
        {
          pluginName: name,
        },
      );
    }
    const members = registry.plugins().filter((plugin) => plugin.group === group && plugin.source.tier !== "inline");
    const described = await this.#describeAll(members);
    const generation = this.#generation + 1;
    const suffix = ` #${generation}`;
    try {
      this.#checkOpen();
      for (const [i, { plugin }] of described.entries()) checkName(members[i] as RegisteredPlugin, plugin);
      registry.replace(
        described.map(({ plugin }) => ({ ...plugin, group: `${groupOf(plugin, this.#options)}${suffix}` })),
      );
    } catch (thrown) {
      await closePools(described);
      throw thrown;
    }
    this.#generation = generation;
    for (const { plugin, pool } of described) {
      if (pool !== undefined) await this.#adopt(`${groupOf(plugin, this.#options)}${suffix}`, pool);
    }
    this.#retired.add(group as string);
    await this.#closeUnused(group as string);
    return (described.find(({ plugin }) => plugin.description.name === name) as Described).plugin.description;
  }

  async #describeAll(members: readonly RegisteredPlugin[]): Promise<Described[]> {
    const settled = await Promise.allSettled(
      members.map(({ description, source }) =>
        describeInput(this.#inputOf(description.name, source), this.#describeOptions)
      ),
    );
    const described = settled.flatMap((result) => result.status === "fulfilled" ? [result.value] : []);
    for (const result of settled) {
      if (result.status === "fulfilled") continue;
      await closePools(described);
      throw result.reason;
    }
    return described;
  }

  /** How a plugin was named; those of the registry, which nobody has named, by their modules. */
  #inputOf(name: string, source: RegisteredPlugin["source"]): PluginInput {
    const input = this.#inputs.get(name);
    if (input !== undefined) return input;
    const { url, grants = true, ...place } = source as Exclude<RegisteredPlugin["source"], { readonly tier: "inline" }>;
    return { plugin: url, grants, ...place };
  }

  async #adopt(group: string, pool: TaskPool): Promise<void> {
    if (this.#pools.has(group) || this.#isClosed) await pool.close();
    else this.#pools.set(group, pool);
  }

  async #closeUnused(group: string): Promise<void> {
    if (!this.#retired.has(group) || this.#uses.has(group)) return;
    this.#retired.delete(group);
    const pool = this.#pools.get(group);
    this.#pools.delete(group);
    this.#options.onRetired(group);
    await pool?.close();
  }

  #checkOpen(): void {
    if (!this.#isClosed) return;
    throw new StreamrackError("runtime-closed", "the runtime was closed", { remedy: "Make a new one." });
  }
}

function checkName({ description: { name } }: RegisteredPlugin, now: Described["plugin"]): void {
  if (now.description.name === name) return;
  throw new StreamrackError("invalid-plugin", `it calls itself "${now.description.name}" now`, {
    pluginName: name,
    remedy: "Give it its old name back, or make a new runtime with it.",
  });
}

async function closePools(described: readonly Described[]): Promise<void> {
  await Promise.all(described.map(({ pool }) => pool?.close()));
}
