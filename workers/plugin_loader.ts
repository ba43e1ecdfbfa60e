/**
 * Loads plugins where they run: in a worker. Each module is imported once per
 * thread.
 *
 * @module
 */

import { describeThrown, type ErrorReason, StreamrackError } from "../core/errors.ts";
import { checkPlugin, type Plugin } from "../core/node/define.ts";
import { StreamingNodeFactory } from "../core/node/factory.ts";

/** A loaded plugin, with a factory for each of its node types. */
export interface LoadedPlugin {
  readonly plugin: Plugin;
  readonly factories: ReadonlyMap<string, StreamingNodeFactory>;
}

/** What `definePlugin` throws. */
const DECLARED_WRONG: ReadonlySet<ErrorReason> = new Set(["invalid-plugin", "plugin-api-version", "plugin-version"]);

const loading = new Map<string, Promise<LoadedPlugin>>();

/**
 * Loads a plugin by URL. A failure is remembered as well, since importing the
 * same module again would give the same one.
 *
 * @throws {StreamrackError} `plugin-load-failed`, `invalid-plugin`, `plugin-api-version` or `plugin-version`.
 */
export function loadPlugin(url: string): Promise<LoadedPlugin> {
  let loaded = loading.get(url);
  if (loaded === undefined) {
    loaded = importPlugin(url);
    loading.set(url, loaded);
  }
  return loaded;
}

/** Makes the factories of a plugin that is at hand already. */
export function withFactories(plugin: Plugin): LoadedPlugin {
  const factories = plugin.nodes.map((node) => [node.type, new StreamingNodeFactory(node, plugin.name)] as const);
  return { plugin, factories: new Map(factories) };
}

async function importPlugin(url: string): Promise<LoadedPlugin> {
  let module: { readonly default?: unknown };
  try {
    module = await import(url);
  } catch (thrown) {
    // A declaration that is not right throws by itself, where the module calls definePlugin.
    if (StreamrackError.is(thrown) && DECLARED_WRONG.has(thrown.reason)) {
      const { reason, detail, problems, remedy } = thrown;
      throw new StreamrackError(reason, `${url}: ${detail}`, { problems, remedy, cause: thrown });
    }
    const detail = describeThrown(thrown);
    throw new StreamrackError("plugin-load-failed", `the plugin ${url} could not be loaded: ${detail}`, {
      cause: thrown,
      remedy: (thrown as { code?: unknown } | null)?.code === "ERR_UNKNOWN_FILE_EXTENSION" && /\.[cm]?ts$/.test(url)
        ? "This runtime takes no TypeScript: use Node 22.18 or later, Deno or Bun, or build the plugin to JavaScript."
        : "Import the module by itself to see the error where it happens.",
    });
  }
  return withFactories(checkPlugin(module.default, `the plugin ${url}`));
}
