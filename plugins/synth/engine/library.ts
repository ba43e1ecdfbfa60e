import { POLICIES } from "../generated/policies.ts";
import { PRESETS } from "../generated/presets.ts";
import { invalid } from "../graph/problems.ts";
import type { RolePolicy } from "../policy/schema.ts";
import type { Preset } from "../preset/schema.ts";
import type { Role } from "../preset/roles.ts";
import type { PresetSummary } from "./reports.ts";

const presetsById = new Map(PRESETS.map((preset) => [preset.id, preset]));
const policiesByRole = new Map(POLICIES.map((policy) => [policy.role, policy]));

/** All presets that come with the plugin. */
export function allPresets(): readonly Preset[] {
  return PRESETS;
}

/** Presets in a few words, all or those of a role. */
export function presetSummaries(role?: Role): PresetSummary[] {
  return PRESETS.filter((preset) => role === undefined || preset.role === role)
    .map(({ id, name, role, description = "", tags = [] }) => ({ id, name, role, description, tags }));
}

/**
 * One of our presets.
 *
 * @throws {StreamrackError} `invalid-data` if there is none of that id.
 */
export function presetById(id: string, path: string): Preset {
  const preset = presetsById.get(id);
  if (preset !== undefined) return preset;
  const similar = [...presetsById.keys()].filter((other) =>
    other.includes(id) || id.split("-").some((part) => part.length > 2 && other.includes(part))
  );
  throw invalid("there is no such preset", [{
    path,
    message: "names none of the presets",
    received: JSON.stringify(id.slice(0, 64)),
    expected: similar.length > 0 ? `perhaps ${similar.slice(0, 3).join(", ")}` : "an id that `list` gives",
  }]);
}

/** The policy of a role. */
export function policyOf(role: Role): RolePolicy {
  return policiesByRole.get(role) as RolePolicy;
}
