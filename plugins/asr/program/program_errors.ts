/**
 * What can go wrong with a program, in the words of runners.
 *
 * @module
 */

import { StreamrackError } from "../../../core/plugin.ts";
import { runnerError } from "../../../runners/mod.ts";
import type { SpeechProgram } from "./program.ts";

/** Whether the runtime or the system refused something for want of a permission. */
export function isDenied(thrown: unknown): boolean {
  const { code, name } = (thrown ?? {}) as { readonly code?: unknown; readonly name?: unknown };
  // Node: ERR_ACCESS_DENIED. Deno: NotCapable, by the names of Node: EPERM. The system: EACCES, EPERM.
  return ["ERR_ACCESS_DENIED", "EACCES", "EPERM"].includes(`${code}`) || name === "NotCapable";
}

/** The program is not there (E501). Another attempt does not help: somebody has to install it. */
export function notInstalled(program: SpeechProgram, why: string, cause?: unknown): StreamrackError {
  return runnerError("E501", `${program.title} is not installed: ${why}`, {
    retryable: false,
    remedy: program.howToInstall,
    cause,
  });
}

/** The plugin may not do something (E401). */
export function notPermitted(what: string, cause: unknown): StreamrackError {
  // The runtime names the permission that it misses, which may be another than one would think.
  const why = cause instanceof Error && cause.message !== "" ? `: ${cause.message}` : "";
  return new StreamrackError("unauthenticated", `the plugin may not ${what}${why}`, {
    code: "permission-denied",
    remedy: "Grant it to the plugin, or use a runner that needs no other program.",
    cause,
  });
}
