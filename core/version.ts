/**
 * The version of this package.
 *
 * @module
 */

/** The version of this package; the gate holds it equal to the one in `deno.json`. */
export const VERSION = "0.1.0";
