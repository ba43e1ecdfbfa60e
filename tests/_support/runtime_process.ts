/** Runs a program on the runtime that runs the test. */

import { execFile } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** Runs a TypeScript file with the current runtime to its end, and gives what it printed. Rejects on a non-zero exit. */
export async function runProgram(file: URL, args: readonly string[] = []): Promise<{ stdout: string; stderr: string }> {
  const flags = "Deno" in globalThis ? ["run", "-A"] : [];
  return await promisify(execFile)(process.execPath, [...flags, fileURLToPath(file), ...args]);
}
