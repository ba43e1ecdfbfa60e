/**
 * What can go wrong with a program, in the words of runners.
 *
 * @module
 */

import type { StreamrackError } from "../../../core/plugin.ts";
import { runnerError } from "../../../runners/mod.ts";
import type { SpeechProgram } from "./program.ts";

/** The program is not there (E501). Another attempt does not help: somebody has to install it. */
export function notInstalled(program: SpeechProgram, why: string, cause?: unknown): StreamrackError {
  return runnerError("E501", `${program.title} is not installed: ${why}`, {
    retryable: false,
    remedy: program.howToInstall,
    cause,
  });
}
