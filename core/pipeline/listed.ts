/**
 * Names in an error message.
 *
 * @module
 */

/** How many names an error message lists. */
export const LISTED_MAX = 8;

/** The first few names, and how many more there are. */
export function listed(names: readonly string[]): string {
  const shown = names.slice(0, LISTED_MAX).map((name) => JSON.stringify(name)).join(", ");
  return names.length > LISTED_MAX ? `${shown} and ${names.length - LISTED_MAX} more` : shown;
}
