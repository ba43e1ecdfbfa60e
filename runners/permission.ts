/**
 * What a plugin may not do, in the words of runners.
 *
 * @module
 */

import { StreamrackError } from "../core/plugin.ts";

/** Whether the runtime or the system refused something for want of a permission. */
export function isDenied(thrown: unknown): boolean {
  const { code, name } = (thrown ?? {}) as { readonly code?: unknown; readonly name?: unknown };
  // Node: ERR_ACCESS_DENIED. Deno: NotCapable, by the names of Node: EPERM. The system: EACCES, EPERM.
  return ["ERR_ACCESS_DENIED", "EACCES", "EPERM"].includes(`${code}`) || name === "NotCapable";
}

/**
 * The error for what was denied (E401).
 *
 * @param what What the plugin may not do, such as `run "whisper-cli"`.
 */
export function notPermitted(what: string, cause: unknown): StreamrackError {
  // The runtime names the permission that it misses, which may be another than one would think.
  const why = cause instanceof Error && cause.message !== "" ? `: ${cause.message}` : "";
  return new StreamrackError("unauthenticated", `the plugin may not ${what}${why}`, {
    code: "permission-denied",
    remedy: "Grant it to the plugin, or use another runner.",
    cause,
  });
}
