/**
 * The preset as a document.
 *
 * @module
 */

import * as v from "valibot";
import { QUANTITY_EXAMPLES } from "./quantity.ts";
import type { QuantityKind } from "./quantity_kinds.ts";
import { type Role, ROLES } from "./roles.ts";
import type { SectionSpec } from "./section_spec.ts";
import { SECTION_NAMES, SECTION_SPECS, type SectionName, type SECTIONS } from "./sections.ts";

/** A quantity as it is written: a number in the base unit, or a text with a unit, a note, or a word. */
export type Written = number | string;

type SectionOf<S extends SectionName> =
  & { readonly [W in keyof typeof SECTIONS[S]["words"]]?: string }
  & { readonly [F in keyof typeof SECTIONS[S]["fields"]]?: Written };
type MaybeList<S extends SectionName> = typeof SECTIONS[S] extends { readonly most: number } ? readonly SectionOf<S>[]
  : SectionOf<S>;

/** A sound, in the units of musicians. Sections that are absent are not part of it. */
export type Preset =
  & {
    readonly version: 1;
    readonly id: string;
    readonly name: string;
    readonly role: Role;
    /** What it sounds like. Default: nothing. */
    readonly description?: string | undefined;
    /** Words that describe it. Default: none. */
    readonly tags?: readonly string[] | undefined;
    /** Added to the notes of its role, in semitones or as written. */
    readonly register?: Written | undefined;
  }
  & { readonly [S in SectionName]?: MaybeList<S> };

const MAX_TEXT = 64;
const QUANTITIES = Object.fromEntries(
  (Object.keys(QUANTITY_EXAMPLES) as QuantityKind[]).map((kind) => [
    kind,
    v.union([
      v.number(),
      v.pipe(v.string(), v.maxLength(MAX_TEXT)),
    ], `Expected ${QUANTITY_EXAMPLES[kind]}`),
  ]),
);

function quantity(kind: QuantityKind, about: string): v.GenericSchema {
  return v.pipe(
    QUANTITIES[kind] as v.GenericSchema<Written>,
    v.description(`${about} Written as ${QUANTITY_EXAMPLES[kind]}.`),
  );
}

function sectionSchema({ about, most, words, fields }: SectionSpec): v.GenericSchema {
  const entries = {
    ...Object.fromEntries(
      Object.entries(words).map(([name, choices]) => [
        name,
        v.optional(v.pipe(v.picklist(choices), v.description(`Default: ${choices[0]}.`))),
      ]),
    ),
    ...Object.fromEntries(
      Object.entries(fields).map(([name, spec]) => [name, v.optional(quantity(spec.kind, spec.about))]),
    ),
  };
  const one = v.strictObject(entries);
  return most === undefined
    ? v.pipe(one, v.description(about)) as v.GenericSchema
    : v.pipe(v.array(one), v.maxLength(most), v.description(about)) as v.GenericSchema;
}

/** The schema of a preset. Units are checked by `normalisePreset`. */
export const PresetSchema: v.GenericSchema<Preset> = v.strictObject({
  $schema: v.optional(v.string()),
  version: v.literal(1),
  id: v.pipe(
    v.string(),
    v.regex(/^[a-z0-9][a-z0-9-]{0,63}$/, "Expected lower-case letters, digits and -, at most 64"),
    v.description("Unique name."),
  ),
  name: v.pipe(v.string(), v.minLength(1), v.maxLength(100), v.description("Name for people.")),
  role: v.pipe(v.picklist(ROLES), v.description("What the sound is for.")),
  description: v.optional(
    v.pipe(v.string(), v.maxLength(1000), v.description("What it sounds like: searched by prompts.")),
  ),
  tags: v.optional(
    v.pipe(
      v.array(v.pipe(v.string(), v.minLength(1), v.maxLength(40))),
      v.maxLength(32),
      v.description("Words that describe it: searched by prompts."),
    ),
  ),
  register: v.optional(quantity("interval", "Added to the notes of its role.")),
  ...Object.fromEntries(SECTION_NAMES.map((name) => [name, v.optional(sectionSchema(SECTION_SPECS[name]))])),
}) as unknown as v.GenericSchema<Preset>;
