/**
 * How every script of the tasks starts and ends.
 *
 * @module
 */

import process from "node:process";
import { Usage } from "./flags.ts";
import { killAllProcesses } from "./run_process.ts";

/** Exit code of a script that was interrupted. */
export const INTERRUPTED = 130;

/** How {@linkcode runScript} runs. */
export interface RunScriptOptions {
  /** Called at the first interruption, after which the script is to end soon by itself. The second one ends it. */
  readonly onInterrupt?: () => void;
}

/**
 * Runs a script's main function and ends the process with the exit code that
 * it gives. An error is printed by its message, which says what to do; with
 * `DEBUG` set, by its stack; a {@linkcode Usage} as it is. An interrupted script takes what it started along.
 */
export async function runScript(
  main: () => number | Promise<number>,
  { onInterrupt }: RunScriptOptions = {},
): Promise<never> {
  let isInterrupted = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      if (onInterrupt !== undefined && !isInterrupted) {
        isInterrupted = true;
        return onInterrupt();
      }
      killAllProcesses();
      process.exit(INTERRUPTED);
    });
  }
  let exitCode = 1;
  try {
    exitCode = await main();
  } catch (error) {
    if (error instanceof Usage) {
      console[error.exitCode === 0 ? "log" : "error"](error.message);
      process.exit(error.exitCode);
    }
    const isDebug = process.env["DEBUG"] !== undefined;
    console.error(error instanceof Error ? `error: ${isDebug ? error.stack : error.message}` : error);
  }
  process.exit(exitCode);
}
