/**
 * The sections of a preset and what each can say: the one table that schema,
 * normaliser and graph builder read.
 *
 * @module
 */

import { MIX_SECTIONS } from "./mix_sections.ts";
import type { SectionSpec } from "./section_spec.ts";
import { VOICE_SECTIONS } from "./voice_sections.ts";

/** All sections, by name. */
export const SECTIONS = { ...VOICE_SECTIONS, ...MIX_SECTIONS } as const;

/** Name of a section. */
export type SectionName = keyof typeof SECTIONS;

/** The table without the details of its types. */
export const SECTION_SPECS: { readonly [S in SectionName]: SectionSpec } = SECTIONS;
/** All names, in the order of the table. */
export const SECTION_NAMES = Object.keys(SECTIONS) as SectionName[];
