/**
 * StreamingNodeRegistry: what maps node types to the plugins that provide
 * them. It holds descriptions only and never runs plugin code.
 *
 * @module
 */

import { StreamrackError } from "../errors.ts";
import type { Plugin } from "./define.ts";
import type { NodeDescription, PluginDescription } from "./describe.ts";

/** How the child process of a plugin is kept. */
export interface ProcessOptions {
  /**
   * Most resident memory of the child process, in bytes, from 1. It is looked at ten times a second; a process that
   * has more is killed, and its sessions fail with `memory-exceeded`. Default: no limit.
   */
  readonly maxRssBytes?: number | undefined;
  /** What the process may reach. Default: whatever the application may. */
  readonly permissions?: PermissionFlags | undefined;
  /** Names of environment variables that the process is given. Default: none. */
  readonly env?: readonly string[] | undefined;
}

/** What a child process may reach; what is left out is refused. */
export interface PermissionFlags {
  /** Files and folders, as absolute paths. The plugin's own folder and this package can always be read. */
  readonly read?: readonly string[] | undefined;
  readonly write?: readonly string[] | undefined;
  /** Hosts, as `name` or `name:port`. Node cannot tell them apart: there, any host opens the whole net. */
  readonly net?: readonly string[] | undefined;
  /** Whether it may start other processes. */
  readonly run?: boolean | undefined;
}

/** Where the code of a plugin comes from: a module for the worker or child process to load, or (inline tier) the plugin itself. */
export type PluginSource =
  | { readonly tier: "worker"; readonly url: string }
  | { readonly tier: "process"; readonly url: string; readonly process?: ProcessOptions | undefined }
  | { readonly tier: "inline"; readonly plugin: Plugin };

/** A plugin as the registry knows it. */
export interface RegisteredPlugin {
  readonly description: PluginDescription;
  readonly source: PluginSource;
  /** Plugins of one group may share worker threads. Default: the plugin's own name. */
  readonly group: string;
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
  readonly #nodes = new Map<string, RegisteredNode>();

  /**
   * Adds a plugin with all its node types, or, if it cannot, nothing.
   *
   * @throws {StreamrackError} `duplicate-node-type` if a plugin of that name, a node type or an alias is there already.
   */
  register(plugin: Omit<RegisteredPlugin, "group"> & { readonly group?: string }): void {
    const { description } = plugin;
    const taken = this.#plugins.get(description.name);
    if (taken !== undefined) {
      throw new StreamrackError("duplicate-node-type", `a plugin named "${description.name}" is registered already`, {
        remedy: "Name each plugin once, or rename one of the two.",
      });
    }
    const registered: RegisteredPlugin = { ...plugin, group: plugin.group ?? description.name };
    const added = new Map<string, RegisteredNode>();
    for (const node of description.nodes) {
      for (const type of [node.type, ...node.aliases]) {
        const other = this.#nodes.get(type) ?? added.get(type);
        if (other !== undefined) {
          throw new StreamrackError(
            "duplicate-node-type",
            `node type "${type}" is provided by plugin "${other.plugin.description.name}" already`,
            { pluginName: description.name, remedy: "Leave one of the two plugins out, or rename the node type." },
          );
        }
        added.set(type, { description: node, plugin: registered });
      }
    }
    this.#plugins.set(description.name, registered);
    for (const [type, node] of added) this.#nodes.set(type, node);
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
