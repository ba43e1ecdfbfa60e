/**
 * The registry with the plugins that come with this package.
 *
 * @module
 */

import { StreamingNodeRegistry } from "../core/node/registry.ts";
import { PLUGIN_CATALOG } from "../plugins/catalog.ts";

/**
 * Makes a registry that knows our own plugins by their descriptions; none of
 * their code is loaded.
 *
 * @param options.groupOf Gives the isolation group of a plugin. Default: each its own.
 */
export function createDefaultRegistry(
  options: { readonly groupOf?: (pluginName: string) => string } = {},
): StreamingNodeRegistry {
  const registry = new StreamingNodeRegistry();
  const { groupOf = (name) => name } = options;
  for (const { description, url } of PLUGIN_CATALOG) {
    registry.register({ description, source: { tier: "worker", url: url.href }, group: groupOf(description.name) });
  }
  return registry;
}
