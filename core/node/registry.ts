/**
 * StreamingNodeRegistry: what maps node types to the plugins that provide
 * them. It holds descriptions only and never runs plugin code.
 *
 * @module
 */

import { StreamrackError } from "../errors.ts";
import type { Plugin } from "./define.ts";
import type { NodeDescription, PluginDescription } from "./describe.ts";
import type { HeldGrants } from "./grants.ts";

/** How the child process of a plugin is kept. */
export interface ProcessOptions {
  /**
   * Most resident memory of the child process, in bytes, from 1. It is looked at ten times a second; a process that
   * has more is killed, and its sessions fail with `memory-exceeded`. Default: no limit.
   */
  readonly maxRssBytes?: number | undefined;
}

/** The module of a plugin. */
export interface ModuleSource extends HeldGrants {
  readonly url: string;
  /** The range that its version has to be in, wherever it is loaded. Absent: any. */
  readonly version?: string | undefined;
}

/** Where the code of a plugin comes from: a module for the worker or child process to load, or (inline tier) the plugin itself. */
export type PluginSource =
  | { readonly tier: "worker" } & ModuleSource
  | { readonly tier: "process" } & ModuleSource & ProcessOptions
  | { readonly tier: "inline"; readonly plugin: Plugin };

/** A plugin as the registry knows it. */
export interface RegisteredPlugin {
  readonly description: PluginDescription;
  readonly source: PluginSource;
  /** Plugins of one group may share worker threads. Default: the plugin's own name. */
  readonly group: string;
  /** Whether it reaches more than its grants say, since the runtime cannot refuse it. Default: false. */
  readonly isUnenforced?: boolean | undefined;
  /** Whether the description was read, and its code has to be compared with it when it is loaded. Default: false. */
  readonly isDescribedAhead?: boolean | undefined;
}

/** A node type together with its plugin. */
export interface RegisteredNode {
  readonly description: NodeDescription;
  readonly plugin: RegisteredPlugin;
}

/**
 * Maps node types, and their aliases, to plugins.
 *
 * @example
 * ```ts
 * import { createDefaultRegistry } from "@streamrack/core";
 * import assert from "node:assert/strict";
 *
 * const registry = createDefaultRegistry();
 * assert.equal(registry.find("audio.gain")?.plugin.description.name, "audio");
 * assert.equal(registry.find("PassThrough")?.description.type, "util.passthrough");
 * assert.equal(registry.find("no.such.node"), undefined);
 * ```
 */
export class StreamingNodeRegistry {
  readonly #plugins = new Map<string, RegisteredPlugin>();
  #nodes: ReadonlyMap<string, RegisteredNode> = new Map();

  /**
   * Adds a plugin with all its node types, or, if it cannot, nothing.
   *
   * @throws {StreamrackError} `duplicate-node-type` if a plugin of that name, a node type or an alias is there already.
   */
  register(plugin: Omit<RegisteredPlugin, "group"> & { readonly group?: string }): void {
    const { name } = plugin.description;
    if (this.#plugins.has(name)) {
      throw new StreamrackError("duplicate-node-type", `a plugin named "${name}" is registered already`, {
        remedy: "Name each plugin once, or rename one of the two.",
      });
    }
    this.#put([{ ...plugin, group: plugin.group ?? name }]);
  }

  /**
   * Puts plugins in the place of those of the same names, or, if that cannot be, changes nothing.
   *
   * @throws {StreamrackError} `duplicate-node-type` if another plugin has one of their node types or aliases.
   */
  replace(plugins: readonly RegisteredPlugin[]): void {
    this.#put(plugins);
  }

  #put(plugins: readonly RegisteredPlugin[]): void {
    const names = new Set(plugins.map(({ description }) => description.name));
    const nodes = new Map([...this.#nodes].filter(([, { plugin }]) => !names.has(plugin.description.name)));
    for (const plugin of plugins) {
      for (const node of plugin.description.nodes) {
        for (const type of [node.type, ...node.aliases]) {
          const other = nodes.get(type);
          if (other !== undefined) {
            throw new StreamrackError(
              "duplicate-node-type",
              `node type "${type}" is provided by plugin "${other.plugin.description.name}" already`,
              {
                pluginName: plugin.description.name,
                remedy: "Leave one of the two plugins out, or rename the node type.",
              },
            );
          }
          nodes.set(type, { description: node, plugin });
        }
      }
    }
    for (const plugin of plugins) this.#plugins.set(plugin.description.name, plugin);
    this.#nodes = nodes;
  }

  /** The node type of that name or alias. */
  find(type: string): RegisteredNode | undefined {
    return this.#nodes.get(type);
  }

  /** Every name under which a node can be asked for, aliases included, sorted. */
  types(): string[] {
    return [...this.#nodes.keys()].sort();
  }

  /** The plugins, in the order of registration. */
  plugins(): RegisteredPlugin[] {
    return [...this.#plugins.values()];
  }
}
