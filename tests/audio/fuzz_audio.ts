/**
 * The program of `deno task fuzz:audio`: damages a file of each format that is
 * named, and decodes what is left, on the runtime that runs it. Prints what it
 * counted.
 *
 * `--mutations <count>` (default 2000), `--seed <number>` (default 1). What
 * fails is printed with its number and seed, which draw it again.
 *
 * @module
 */

import process from "node:process";
import { parseArgs } from "node:util";
import { FILE_FORMATS, type FileFormat } from "../../audio/mod.ts";
import { fuzz } from "./_fuzz.ts";
import { fuzzFiles } from "./_fuzz_files.ts";

const { values, positionals } = parseArgs({
  options: { mutations: { type: "string", default: "2000" }, seed: { type: "string", default: "1" } },
  allowPositionals: true,
});
const [seed, mutations] = [Number(values.seed), Number(values.mutations)];
const files = await fuzzFiles();
let failures = 0;
for (const format of (positionals.length > 0 ? positionals : FILE_FORMATS) as FileFormat[]) {
  const others = FILE_FORMATS.filter((other) => other !== format).map((other) => files[other]);
  const report = await fuzz({ seed, mutations, file: files[format], format, others });
  const ends = Object.entries(report.ends).sort().map(([end, count]) => `${count} ${end}`).join(", ");
  console.log(`${format}: ${mutations} mutations of seed ${seed}: ${ends}`);
  console.log(
    `  ${report.hangs} hangs, ${report.crashes} crashes, ${report.failures.length} failures in all; ` +
      `at most ${report.maxFrames} frames, ${Math.round(report.maxRssBytes / 1e6)} MB of memory`,
  );
  for (const failure of report.failures) console.log(`  FAILED ${failure}`);
  failures += report.failures.length;
}
process.exitCode = failures === 0 ? 0 : 1;
