/**
 * Keys come from the environment, by name: a manifest then holds none.
 *
 * @module
 */

import process from "node:process";

/** Reads one variable of the environment; `undefined` where it is not set, or may not be read. */
export type ReadEnv = (name: string) => string | undefined;

/** The environment of this process. */
export const readEnv: ReadEnv = (name) => {
  try {
    return process.env[name];
  } catch {
    return undefined; // Deno without permission for this name
  }
};
