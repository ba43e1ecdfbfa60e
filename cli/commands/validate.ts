/**
 * `streamrack validate`: everything that is wrong with a manifest.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { type Problem, StreamrackError } from "../../core/plugin.ts";
import { writeStdout } from "../stdout.ts";
import { EXIT, Exit, say } from "../exit.ts";
import { addRuntimeFlags, readManifest, type RuntimeFlags, withRuntime } from "./common.ts";

interface ValidateFlags extends RuntimeFlags {
  readonly json?: boolean;
}

/** Adds `validate` to the program. */
export function addValidateCommand(program: Command): void {
  const command = program.command("validate")
    .summary("check a manifest")
    .description("Checks a manifest with all its parameters, and tells everything that is wrong.")
    .argument("<manifest...>", "manifest files, JSON or YAML")
    .option("--json", "print the problems as JSON, one line per manifest");
  addRuntimeFlags(command)
    .addHelpText("after", HELP)
    .action((manifests: string[], flags: ValidateFlags) => validateAll(manifests, flags));
}

const HELP = `
Exits with 0 if every manifest is valid, else with 2. Keys of nodes and
connections that nobody knows, and parameters that a node does not have, are
ignored, with a warning.

Examples:
  $ streamrack validate gain.yaml
  $ streamrack validate pipelines/*.yaml --json
  $ streamrack validate mine.yaml --plugin ./my_plugin.ts`;

async function validateAll(paths: readonly string[], flags: ValidateFlags): Promise<void> {
  const { renderProblem, unknownManifestKeys } = await import("../../mod.ts");
  let areValid = true;
  await withRuntime(flags, async (runtime) => {
    for (const path of paths) {
      const problems = await findProblems(path, (manifest) => runtime.validate(manifest));
      const warnings = unknownManifestKeys(await readDocument(path), runtime.registry);
      areValid &&= problems.length === 0;
      if (flags.json === true) {
        await writeStdout(`${JSON.stringify({ path, valid: problems.length === 0, problems, warnings })}\n`);
        continue;
      }
      if (problems.length === 0) await writeStdout(`${path}: valid\n`);
      else say(`${path}: ${problems.length === 1 ? "1 problem" : `${problems.length} problems`}`);
      for (const problem of problems) say(`  - ${renderProblem(problem)}`);
      for (const warning of warnings) say(`${path}: warning: ${renderProblem(warning)}`);
    }
  });
  if (!areValid) throw new Exit(EXIT.usage);
}

/** The file with all its keys; `undefined` where it cannot be parsed, which is a problem that was found already. */
async function readDocument(path: string): Promise<unknown> {
  const text = await readFile(path, "utf8");
  try {
    return JSON.parse(text);
  } catch {
    const { parse } = await import("yaml");
    try {
      return parse(text, { maxAliasCount: 100 });
    } catch {
      return undefined;
    }
  }
}

type Manifest = Awaited<ReturnType<typeof readManifest>>;

async function findProblems(
  path: string,
  validate: (manifest: Manifest) => Promise<readonly Problem[]>,
): Promise<readonly Problem[]> {
  try {
    return await validate(await readManifest(path));
  } catch (thrown) {
    // The form of the manifest is checked as it is read.
    if (StreamrackError.is(thrown) && thrown.reason === "invalid-manifest") return thrown.problems;
    throw thrown;
  }
}
