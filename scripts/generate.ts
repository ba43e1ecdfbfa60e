/**
 * `deno task generate`: writes every generated file anew, by running all
 * `scripts/generate_*.ts` and formatting what they wrote.
 *
 * @module
 */

import { findFiles, ROOT } from "./lib/files.ts";
import { runProcess } from "./lib/run_process.ts";
import { runScript } from "./lib/run_script.ts";
import { runtimePath } from "./toolchain.ts";

const DEADLINE_MS = 180_000;

/** Where the generators write; nothing else lives below these. */
export const GENERATED = [
  "plugins/catalog.ts",
  "plugins/synth/generated",
  "docs/nodes.md",
  "docs/benchmarks.md",
  "schemas",
  "api",
  "remote/gen",
] as const;

/**
 * Runs all generators.
 *
 * @throws {Error} If one fails; the message holds what it said.
 */
export async function generate(): Promise<void> {
  const command = await runtimePath("deno");
  const run = async (args: readonly string[]): Promise<void> => {
    const result = await runProcess({ command, args, cwd: ROOT, env: { NO_COLOR: "1" }, deadlineMs: DEADLINE_MS });
    if (!result.ok) throw new Error(`deno ${args.join(" ")}: ${result.ending}\n${result.output.trim()}`);
  };
  for (const script of await findFiles("scripts", (path) => /^scripts\/generate_[^/]*\.ts$/.test(path))) {
    await run(["run", "-A", script]);
  }
  await run(["fmt", "--quiet", "--permit-no-files", ...GENERATED]);
}

if (import.meta.main) {
  await runScript(async () => {
    await generate();
    console.log(`written anew: ${GENERATED.join(", ")}`);
    return 0;
  });
}
