/**
 * How the command ends: exit codes, and what is said when something failed.
 *
 * @module
 */

import process from "node:process";
import { styleText } from "node:util";
import { type ErrorReason, StreamrackError } from "../core/plugin.ts";

/** What the exit codes mean. */
export const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130, terminated: 143 } as const;

/** Reasons that lie in what the user typed or in the manifest, not in the run. */
const USAGE_REASONS: ReadonlySet<ErrorReason> = new Set([
  "invalid-manifest",
  "invalid-params",
  "invalid-options",
  "unknown-target",
  "file-not-found",
  "plugin-not-found",
  "plugin-load-failed",
  "invalid-plugin",
  "plugin-api-version",
  "plugin-version",
  "description-mismatch",
  "permission-denied",
  "duplicate-node-type",
]);

/** Thrown when a signal ends the command. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  readonly exitCode: number;

  constructor(signal: "SIGINT" | "SIGTERM") {
    super(`interrupted by ${signal}`);
    this.exitCode = signal === "SIGINT" ? EXIT.interrupted : EXIT.terminated;
  }
}

/** Ends the command with a code that is no failure of the command: what had to be said is said. */
export class Exit extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super(`exit code ${exitCode}`);
    this.exitCode = exitCode;
  }
}

/** The exit code for anything thrown. */
export function exitCodeOf(thrown: unknown): number {
  if (thrown instanceof Interrupted || thrown instanceof Exit) return thrown.exitCode;
  return StreamrackError.is(thrown) && USAGE_REASONS.has(thrown.reason) ? EXIT.usage : EXIT.failed;
}

/** Says on stderr what went wrong. The stack and the causes are shown on request, and for bugs of our own. */
export function reportError(thrown: unknown, isDebug: boolean): void {
  if (thrown instanceof Exit) return;
  if (thrown instanceof Interrupted) return say("interrupted");
  const label = styleText(["red", "bold"], "error:", { stream: process.stderr });
  if (StreamrackError.is(thrown) && !isDebug) return say(`${label} ${thrown.message}`);
  say(`${label} ${thrown instanceof Error ? renderStack(thrown) : String(thrown)}`);
}

/** An error as plain values, for `--json`. */
export function errorToJson(thrown: unknown): { [key: string]: unknown } {
  const { code, reason, detail, nodeId, pluginName, retryable, problems, remedy } = StreamrackError.from(thrown);
  return { code, reason, message: detail, nodeId, pluginName, retryable, problems, remedy };
}

/** Writes a line to stderr. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function renderStack(error: Error): string {
  // Some runtimes leave the message out of the stack.
  const stack = error.stack ?? "";
  const own = stack.includes(error.message) ? stack : `${error.name}: ${error.message}\n${stack}`;
  return error.cause instanceof Error ? `${own}\ncaused by ${renderStack(error.cause)}` : own;
}
