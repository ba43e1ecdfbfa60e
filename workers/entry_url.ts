/**
 * Where the module is that threads load first: beside this one, as source or built.
 *
 * @module
 */

/**
 * URL of what threads load first. Both forms are spelled out, because bundlers and
 * packers look for `new URL("…", import.meta.url)` with a literal.
 */
export const WORKER_ENTRY_URL: URL = import.meta.url.endsWith(".ts")
  ? new URL("./thread_start.ts", import.meta.url)
  : new URL("./thread_start.js", import.meta.url);
