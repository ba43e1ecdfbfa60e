/**
 * The program of `deno task fuzz`: the long run of the fuzz of the wire, on
 * the runtime that runs it.
 *
 * `--messages <count>` (default 20000), `--seed <number>` (default 1). A run
 * that fails says its seed, and fails again with it.
 */

import process from "node:process";
import { parseArgs } from "node:util";
import { fuzzWire } from "./_fuzz.ts";

const { values } = parseArgs({
  options: { messages: { type: "string", default: "20000" }, seed: { type: "string", default: "1" } },
});
const seed = Number(values.seed);
try {
  const { messages, calls, results, ends } = await fuzzWire({ seed, messages: Number(values.messages) });
  console.log(`seed ${seed}: ${messages} messages in ${calls} calls; ${results} results`);
  for (const [end, count] of [...ends].sort()) console.log(`  ${end}: ${count}`);
} catch (error) {
  console.error(`seed ${seed}:`, error);
  process.exitCode = 1;
}
