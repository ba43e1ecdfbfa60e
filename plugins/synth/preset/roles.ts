/** Roles that a sound may have in a piece of music. */
export const ROLES = [
  "pad",
  "bass",
  "lead",
  "keys",
  "pluck",
  "drum",
  "percussion",
  "ambient",
  "texture",
  "effect",
] as const;

/** What a sound is for. */
export type Role = typeof ROLES[number];
