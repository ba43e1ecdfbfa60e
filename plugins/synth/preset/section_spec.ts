import type { QuantityKind } from "./quantity_kinds.ts";

/** A quantity of a section. */
export interface FieldSpec {
  readonly kind: QuantityKind;
  /** Its name after normalisation, with the unit in it. */
  readonly as: string;
  readonly min: number;
  readonly max: number;
  readonly fallback: number;
  readonly about: string;
}

/** A section of a preset. */
export interface SectionSpec {
  readonly about: string;
  /** Most of them, where there may be several. */
  readonly most?: number;
  readonly words: { readonly [name: string]: readonly [string, ...string[]] };
  readonly fields: { readonly [name: string]: FieldSpec };
}
