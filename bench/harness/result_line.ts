/**
 * The line by which an observation gives its result.
 *
 * @module
 */

import type { Measured } from "./case.ts";

/** Begins the line. */
export const RESULT_MARK = "@@observation ";

/** What an observation came to. */
export type ObservationResult =
  | ({ readonly ok: true } & Measured)
  | { readonly ok: false; readonly error: string };

/** Finds the result in what a process said; a process without one has failed. */
export function readResult(stdout: string, ending: string, output: string): ObservationResult {
  const line = stdout.split("\n").findLast((candidate) => candidate.startsWith(RESULT_MARK));
  if (line !== undefined) return JSON.parse(line.slice(RESULT_MARK.length));
  return { ok: false, error: firstError(output) ?? `no result (${ending})` };
}

/** The line of a runtime's own report that names the error. */
function firstError(output: string): string | undefined {
  // deno-lint-ignore no-control-regex -- colours of runtimes
  const lines = output.replace(/\u001b\[[0-9;]*m/g, "").split("\n").map((line) => line.trim());
  return lines.find((line) => /^(error: |(Uncaught )?(\(in promise\) )?\w*Error\b)/.test(line))?.slice(0, 300);
}
