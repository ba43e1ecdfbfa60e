/**
 * `deno task fuzz:audio`: the long form of the fuzz of the decoders.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { FILE_FORMATS, type FileFormat } from "../audio/mod.ts";
import { fuzz } from "../tests/audio/_fuzz.ts";
import { fuzzFiles } from "../tests/audio/_fuzz_files.ts";
import { runScript } from "./lib/run_script.ts";

const DEADLINE_MS = 60_000;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      mutations: { type: "string", default: "2000" },
      seed: { type: "string", default: "1" },
      format: { type: "string", multiple: true, default: [...FILE_FORMATS] },
    },
  });
  const files = await fuzzFiles();
  let failed = 0;
  for (const format of values.format as FileFormat[]) {
    const others = FILE_FORMATS.filter((other) => other !== format).map((other) => files[other]);
    const [seed, mutations] = [Number(values.seed), Number(values.mutations)];
    const report = await fuzz({ seed, mutations, file: files[format], format, others, deadlineMs: DEADLINE_MS });
    const ends = Object.entries(report.ends).sort().map(([end, count]) => `${count} ${end}`).join(", ");
    console.log(`${format}: ${mutations} mutations of seed ${seed}: ${ends}`);
    console.log(`  at most ${report.maxFrames} frames, ${Math.round(report.maxRssBytes / 1e6)} MB of memory`);
    for (const failure of report.failures) console.log(`  FAILED ${failure}`);
    failed += report.failures.length;
  }
  console.log(failed === 0 ? "no failure" : `${failed} failures`);
  return failed === 0 ? 0 : 1;
}

if (import.meta.main) await runScript(main);
