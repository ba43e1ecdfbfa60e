/**
 * `deno task bench`: runs the benchmark and shows what it found.
 *
 * @module
 */

import { writeFile } from "node:fs/promises";
import process from "node:process";
import { parseArgs } from "node:util";
import { runScript } from "../scripts/lib/run_script.ts";
import { CASES } from "./cases/mod.ts";
import { BENCH_RUNTIMES } from "./harness/case.ts";
import { runBench } from "./harness/run.ts";
import { schedule } from "./harness/schedule.ts";
import { renderText } from "./harness/text_table.ts";

const USAGE = `usage: deno task bench [options] [case…]
  --runtime deno|bun|node|all  where to run (default: deno)
  --quick                      the points that the promised ratios need, in less than two minutes for a runtime
  --contender <name,…>         only these (default: all)
  --rounds <count>             observations of each contender at each point (default: as the case says)
  --json <path>                write the report`;

async function main(args: string[]): Promise<number> {
  let parsed;
  try {
    parsed = readOptions(args);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
    return 2;
  }
  const { mode, runtimes, contenders, rounds, cases, json } = parsed;
  const planned = schedule(cases, { mode, runtimes, contenders, rounds });
  const report = await runBench(planned, {
    mode,
    onProgress: (done, total, { runtime, caseId, contender }) =>
      process.stderr.write(`[${done + 1}/${total}] ${runtime} ${caseId} ${contender}\n`),
  });
  console.log(renderText(report, CASES));
  if (json !== undefined) await writeFile(json, JSON.stringify(report));
  return 0;
}

function readOptions(args: string[]) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      runtime: { type: "string", default: "deno" },
      quick: { type: "boolean", default: false },
      contender: { type: "string" },
      rounds: { type: "string" },
      json: { type: "string" },
    },
  });
  const runtimes = BENCH_RUNTIMES.filter((name) => values.runtime === "all" || values.runtime === name);
  if (runtimes.length === 0) throw new Error(`--runtime ${values.runtime}: expected deno, bun, node or all`);
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
  if (rounds !== undefined && !(Number.isInteger(rounds) && rounds > 0)) {
    throw new Error(`--rounds ${values.rounds}: expected a whole number from 1`);
  }
  const known = CASES.map(({ id }) => id);
  const unknown = positionals.filter((id) => !known.includes(id));
  if (unknown.length > 0) throw new Error(`no such case: ${unknown.join(", ")}; there are ${known.join(", ")}`);
  return {
    mode: values.quick ? "quick" : "full",
    runtimes,
    contenders: values.contender?.split(","),
    rounds,
    cases: CASES.filter(({ id }) => positionals.length === 0 || positionals.includes(id)),
    json: values.json,
  } as const;
}

if (import.meta.main) await runScript(() => main(process.argv.slice(2)));
