/**
 * Where the worker's entry module is: beside this one, as source or built.
 *
 * @module
 */

/**
 * URL of the worker entry. Both forms are spelled out, because bundlers and
 * packers look for `new URL("…", import.meta.url)` with a literal.
 */
export const WORKER_ENTRY_URL: URL = import.meta.url.endsWith(".ts")
  ? new URL("./entry.ts", import.meta.url)
  : new URL("./entry.js", import.meta.url);
