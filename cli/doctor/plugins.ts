/**
 * Whether plugins that a user names would be started here, and what would keep
 * each to its grants: each is described as any runtime would, in its tier.
 *
 * @module
 */

import type { PluginInput, RegisteredPlugin } from "../../mod.ts";
import { StreamrackError } from "../../core/plugin.ts";

/** What becomes of one plugin here. */
export interface PluginFinding {
  /** As it was named. */
  readonly plugin: string;
  readonly ok: boolean;
  readonly state: "held" | "unenforced" | "trusted" | "refused";
  /** What that means; for one that is refused, why. */
  readonly detail: string;
}

const DETAILS = {
  held: "it reaches what it was granted, and nothing beside that",
  unenforced: "it reaches more than it was granted: let through by allowUnenforced",
  trusted: "it has the rights of the process",
};

/** Tries each plugin by itself, one after the other. */
export async function tryPlugins(plugins: readonly PluginInput[]): Promise<PluginFinding[]> {
  const { createRuntime, StreamingNodeRegistry } = await import("../../mod.ts");
  const findings: PluginFinding[] = [];
  for (const input of plugins) {
    const plugin = nameOf(input);
    try {
      const registry = new StreamingNodeRegistry();
      // It is told here already what would be logged.
      const runtime = await createRuntime({ registry, plugins: [input], onLog: () => {} });
      await runtime.close();
      const state = stateOf(registry.plugins()[0]);
      findings.push({ plugin, ok: true, state, detail: DETAILS[state] });
    } catch (thrown) {
      findings.push({ plugin, ok: false, state: "refused", detail: StreamrackError.from(thrown).message });
    }
  }
  return findings;
}

function nameOf(input: PluginInput): string {
  return String(typeof input === "object" && "plugin" in input ? input.plugin : input);
}

function stateOf(registered: RegisteredPlugin | undefined): "held" | "unenforced" | "trusted" {
  if (registered?.isUnenforced === true) return "unenforced";
  const { source } = registered ?? {};
  return source === undefined || source.tier === "inline" || source.grants === undefined ? "trusted" : "held";
}
