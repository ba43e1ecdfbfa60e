/**
 * Where a plugin runs that an application names.
 *
 * @module
 */

import { StreamrackError } from "../core/errors.ts";
import type { PluginDescription } from "../core/node/describe.ts";

/** What an application says of it. */
export interface WantedTier {
  /** Default: as the plugin wishes. */
  readonly tier?: "worker" | "process" | undefined;
  /** Whether a plugin that loads native add-ons may run in a thread. Default: false. */
  readonly allowNative?: boolean | undefined;
}

/**
 * Gives the tier of a plugin: that which the application says, else that which the plugin wishes for.
 *
 * @throws {StreamrackError} `invalid-options` for a thread, if the plugin loads native add-ons.
 */
export function chooseTier(
  { name, tier, native }: PluginDescription,
  { tier: wanted, allowNative }: WantedTier,
): "worker" | "process" {
  if (wanted === "worker" && native === true && allowNative !== true) {
    throw new StreamrackError("invalid-options", "it loads native add-ons, which may bring down the host: no thread", {
      pluginName: name,
      problems: [{ path: "plugins.tier", message: "is not right", received: '"worker"', expected: '"process"' }],
      remedy: "Name it without a tier, or set allowNative: true if its add-ons can be used in threads.",
    });
  }
  return wanted ?? (native === true ? "process" : tier ?? "worker");
}
