/**
 * From a preset as people write it to numbers in base units, each with the
 * rule that made it.
 *
 * @module
 */

import type { Problem } from "../../../core/plugin.ts";
import { invalid, parse } from "../graph/problems.ts";
import { parseQuantity, QUANTITY_EXAMPLES, type QuantityContext } from "./quantity.ts";
import { QUANTITY_UNITS } from "./quantity_kinds.ts";
import type { Role } from "./roles.ts";
import { type Preset, PresetSchema, type Written } from "./schema.ts";
import type { FieldSpec, SectionSpec } from "./section_spec.ts";
import { SECTION_NAMES, SECTION_SPECS } from "./sections.ts";

/** One value of a preset, after normalisation. */
export interface NormalValue {
  /** In `unit`. */
  readonly value: number;
  readonly unit: string;
  /** What was written; absent where the default was taken. */
  readonly written?: Written;
  /** How it came about, such as `"decibels to amplitude"`. */
  readonly rule: string;
}

/** A preset in base units. */
export interface NormalPreset {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly tags: readonly string[];
  /** Added to the notes of the role. */
  readonly registerSemitones: number;
  /** By path, such as `"filter.cutoffHz"` or `"oscillators.0.level"`. Sections that the preset has not are absent. */
  readonly values: { readonly [path: string]: NormalValue };
  /** Choices by path, such as `"filter.mode"`. */
  readonly words: { readonly [path: string]: string };
}

/**
 * Checks a preset and turns its quantities into base units.
 *
 * What is out of range is clamped, and the rule says so; what has no meaning
 * is refused.
 *
 * @throws {StreamrackError} `invalid-data` with every problem.
 */
export function normalisePreset(document: unknown, context: QuantityContext): NormalPreset {
  const preset: Preset = parse(PresetSchema, document, "preset");
  const problems: Problem[] = [];
  const values: Record<string, NormalValue> = {};
  const words: Record<string, string> = {};

  const read = (written: Written | undefined, spec: FieldSpec, path: string): NormalValue => {
    const unit = QUANTITY_UNITS[spec.kind];
    if (written === undefined) return { value: spec.fallback, unit, rule: "default" };
    const quantity = parseQuantity(spec.kind, written, context);
    if (quantity === undefined) {
      problems.push({
        path: `preset.${path}`,
        message: "has no meaning here",
        received: JSON.stringify(written) ?? String(written),
        expected: QUANTITY_EXAMPLES[spec.kind],
      });
      return { value: spec.fallback, unit, rule: "default" };
    }
    const value = Math.min(spec.max, Math.max(spec.min, quantity.value));
    const clamped = value === quantity.value ? "" : `, clamped to ${spec.min} to ${spec.max}`;
    return { value, unit, written, rule: `${quantity.rule}${clamped}` };
  };

  const readSection = (section: object, spec: SectionSpec, place: { from: string; to: string }): void => {
    const given = section as { readonly [name: string]: Written | undefined };
    for (const [name, choices] of Object.entries(spec.words)) {
      words[`${place.to}.${name}`] = String(given[name] ?? choices[0]);
    }
    for (const [name, field] of Object.entries(spec.fields)) {
      values[`${place.to}.${field.as}`] = read(given[name], field, `${place.from}.${name}`);
    }
  };

  for (const name of SECTION_NAMES) {
    const section = preset[name] ?? (name === "amp" || name === "output" || name === "voices" ? {} : undefined);
    if (section === undefined) continue;
    const spec = SECTION_SPECS[name];
    if (!Array.isArray(section)) readSection(section, spec, { from: name, to: name });
    else section.forEach((one, i) => readSection(one, spec, { from: `${name}[${i}]`, to: `${name}.${i}` }));
  }
  const register = read(preset.register, REGISTER, "register");
  if (preset.oscillators === undefined && preset.noise === undefined) {
    problems.push({ path: "preset", message: "gives no sound", expected: "oscillators or noise" });
  }
  if (problems.length > 0) throw invalid(`the preset "${preset.id}" is not right`, problems);
  const { id, name, role, tags = [] } = preset;
  return { id, name, role, tags, registerSemitones: Math.round(register.value), values, words };
}

const REGISTER: FieldSpec = {
  kind: "interval",
  as: "registerSemitones",
  min: -48,
  max: 48,
  fallback: 0,
  about: "Added to the notes of its role.",
};
