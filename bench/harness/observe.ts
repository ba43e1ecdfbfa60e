/**
 * One observation, in the process that this module is started in. The last line
 * of standard output is its result.
 *
 * Arguments: the id of a case, and {@linkcode ObserveOptions} as JSON.
 *
 * @module
 */

import process from "node:process";
import type { Case, ObserveOptions } from "./case.ts";
import { RESULT_MARK } from "./result_line.ts";

const [id = "", options = ""] = process.argv.slice(2);
const { default: found }: { default: Case } = await import(new URL(`../cases/${id}.ts`, import.meta.url).href);
let exitCode = 0;
let result: unknown;
try {
  result = { ok: true, ...await found.observe(JSON.parse(options) as ObserveOptions) };
} catch (error) {
  exitCode = 1;
  result = { ok: false, error: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
  console.error(error);
}
// Written whole before the process ends: what a contender left running does not matter any more.
process.stdout.write(`${RESULT_MARK}${JSON.stringify(result)}\n`, () => process.exit(exitCode));
