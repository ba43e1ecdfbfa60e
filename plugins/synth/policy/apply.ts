/**
 * Brings a preset within what its role asks for, and says what was changed and why.
 *
 * @module
 */

import { exp, log } from "../dsp/exact_math.ts";
import type { NormalPreset, NormalValue } from "../preset/normalise.ts";
import { parseQuantity, type QuantityContext } from "../preset/quantity.ts";
import type { QuantityKind } from "../preset/quantity_kinds.ts";
import type { FieldSpec } from "../preset/section_spec.ts";
import { SECTION_SPECS, type SectionName } from "../preset/sections.ts";
import { PERCEPTUAL_WORDS } from "../preset/words.ts";
import { nearestInScale, type Tonality } from "./music.ts";
import type { PolicyRule, RolePolicy } from "./schema.ts";

/** One change of a parameter. */
export interface Change {
  readonly param: string;
  /** Value before, in `unit`. */
  readonly from: number;
  /** Value after, in `unit`. */
  readonly to: number;
  readonly unit: string;
  /** What asked for it: a word of the prompt, a rule of the role, the budget, or the quality round. */
  readonly by: "prompt" | "role" | "budget" | "quality" | "sample-rate";
  readonly strength?: "hard" | "soft";
  /** How far a soft rule went, 0 to 1. Absent for everything else. */
  readonly weight?: number;
  readonly why: string;
}

/** A preset after changes, and the changes. */
export interface Changed {
  readonly preset: NormalPreset;
  readonly changes: readonly Change[];
}

/** The field of the table that a path of a normalised preset belongs to. */
export function fieldOf(path: string): FieldSpec | undefined {
  const parts = path.split(".");
  const section = Object.hasOwn(SECTION_SPECS, parts[0] ?? "") ? SECTION_SPECS[parts[0] as SectionName] : undefined;
  const name = parts.at(-1);
  return section === undefined ? undefined : Object.values(section.fields).find((field) => field.as === name);
}

/** Sets values, each within the range of its field; leaves out what does not change anything. */
export function applyChanges(preset: NormalPreset, wanted: readonly Omit<Change, "from" | "unit">[]): Changed {
  const values: Record<string, NormalValue> = { ...preset.values };
  const changes: Change[] = [];
  for (const change of wanted) {
    const before = values[change.param];
    const field = fieldOf(change.param);
    if (before === undefined || field === undefined || !Number.isFinite(change.to)) continue;
    const to = Math.min(field.max, Math.max(field.min, change.to));
    if (to === before.value) continue;
    values[change.param] = { ...before, value: to };
    changes.push({ ...change, to, from: before.value, unit: before.unit });
  }
  return { preset: { ...preset, values }, changes };
}

/** Lets perceptual words of a prompt act on a preset that does not have them as tags. */
export function applyPromptWords(preset: NormalPreset, words: readonly string[]): Changed {
  const known = new Set([...preset.tags, ...preset.name.toLowerCase().split(/\W+/)]);
  let current = preset;
  const changes: Change[] = [];
  for (const word of new Set(words)) {
    if (known.has(word) || !Object.hasOwn(PERCEPTUAL_WORDS, word)) continue;
    for (const { param, factor = 1, offset = 0 } of PERCEPTUAL_WORDS[word] ?? []) {
      const value = current.values[param]?.value;
      if (value === undefined) continue;
      const to = value * factor + offset;
      const changed = applyChanges(current, [{ param, to, by: "prompt", why: `"${word}" in the prompt` }]);
      current = changed.preset;
      changes.push(...changed.changes);
    }
  }
  return { preset: current, changes };
}

/** Applies the rules of a role, in order. */
export function applyPolicy(
  preset: NormalPreset,
  policy: RolePolicy,
  context: QuantityContext & Tonality,
): Changed {
  let current = preset;
  const changes: Change[] = [];
  for (const rule of policy.rules) {
    if (!holds(rule, context)) continue;
    for (const param of Object.keys(current.values).filter((path) => matches(rule.param, path))) {
      const field = fieldOf(param);
      const value = current.values[param]?.value;
      if (field === undefined || value === undefined) continue;
      const aim = aimOf(rule, value, field.kind, context);
      const weight = rule.strength === "hard" ? 1 : rule.weight ?? 0.5;
      const changed = applyChanges(current, [{
        param,
        to: weight === 1 ? aim : between(value, aim, weight, field.kind),
        by: "role",
        strength: rule.strength,
        ...(rule.strength === "soft" ? { weight } : {}),
        why: rule.why,
      }]);
      current = changed.preset;
      changes.push(...changed.changes);
    }
  }
  return { preset: current, changes };
}

function matches(pattern: string, path: string): boolean {
  const parts = pattern.split(".");
  const given = path.split(".");
  return parts.length === given.length &&
    parts.every((part, i) => part === given[i] || (part === "*" && /^\d+$/.test(given[i] ?? "")));
}

function holds({ when }: PolicyRule, { tempoBpm, scale }: QuantityContext & Tonality): boolean {
  if (when === undefined) return true;
  if (when.tempoAbove !== undefined && tempoBpm <= when.tempoAbove) return false;
  if (when.tempoBelow !== undefined && tempoBpm >= when.tempoBelow) return false;
  return when.scales === undefined || when.scales.includes(scale);
}

/** Where a rule would have a value. */
function aimOf(rule: PolicyRule, value: number, kind: QuantityKind, context: QuantityContext & Tonality): number {
  const read = (written: number | string) => parseQuantity(kind, written, context)?.value ?? value;
  let aim = value * (rule.factor ?? 1);
  if (rule.nearest !== undefined) {
    aim = rule.nearest.map(read).reduce((best, candidate) => {
      const [a, b] = [distance(aim, candidate), distance(aim, best)];
      return a < b ? candidate : best;
    });
  }
  if (rule.tune === "scale" && aim > 0) aim = nearestInScale(aim, context);
  if (rule.min !== undefined) aim = Math.max(aim, read(rule.min));
  if (rule.max !== undefined) aim = Math.min(aim, read(rule.max));
  return aim;
}

function distance(a: number, b: number): number {
  return a > 0 && b > 0 ? Math.abs(log(a / b)) : Math.abs(a - b);
}

/** A value part of the way to another: by ratio for frequencies and times, else by difference. */
function between(from: number, to: number, share: number, kind: QuantityKind): number {
  const isRatio = (kind === "frequency" || kind === "time" || kind === "rate" || kind === "q") && from > 0 && to > 0;
  return isRatio ? from * exp(share * log(to / from)) : from + (to - from) * share;
}
