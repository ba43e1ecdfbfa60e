/**
 * `streamrack plugin`: for the authors of plugins.
 *
 * @module
 */

import type { Command } from "commander";
import type { PluginDescription } from "../../mod.ts";
import { writeStdout } from "../stdout.ts";
import { toPlugin } from "../plugins/to_plugin.ts";
import { addDebugFlag } from "./common.ts";
import { EXIT, Exit, say } from "../exit.ts";

interface BuildFlags {
  readonly check?: boolean;
  readonly json?: boolean;
}

/** Adds `plugin` to the program. */
export function addPluginCommand(program: Command): void {
  const plugin = program.command("plugin")
    .summary("build a plugin")
    .description("Helps the authors of plugins.");
  const build = plugin.command("build")
    .description(
      "Writes the description of a plugin beside its module, so that it can be listed and checked without running it.",
    )
    .argument("<plugin...>", "URL, path or package of a plugin")
    .option("--check", "write nothing; exit with 1 if a description is not up to date")
    .option("--json", "print the descriptions as JSON, one line per plugin");
  addDebugFlag(build)
    .addHelpText("after", HELP)
    .action((plugins: string[], flags: BuildFlags) => buildAll(plugins, flags));
}

const HELP = `
The description of my_plugin.ts is my_plugin.streamrack.json: publish it with
the module. Where it is there, the code of the plugin is not run before a
session needs it, and is refused then if it is not what the description says.

Examples:
  $ streamrack plugin build ./my_plugin.ts
  $ streamrack plugin build dist/index.js --check`;

async function buildAll(plugins: readonly string[], { check = false, json = false }: BuildFlags): Promise<void> {
  // Loaded only here, so that `--help` and `--version` answer at once.
  const { buildDescription } = await import("../../mod.ts");
  let areCurrent = true;
  for (const plugin of plugins) {
    const built = await buildDescription(toPlugin(plugin), { write: !check });
    areCurrent &&= !check || built.isCurrent;
    if (json) await writeStdout(`${JSON.stringify(built)}\n`);
    else if (check && !built.isCurrent) say(`${built.path}: is not up to date`);
    else await writeStdout(`${built.path}: ${summaryOf(built.description)}${check ? ", up to date" : ""}\n`);
  }
  if (!areCurrent) throw new Exit(EXIT.failed);
}

function summaryOf({ name, version, nodes }: PluginDescription): string {
  return `${name} ${version}, ${nodes.length === 1 ? "1 node type" : `${nodes.length} node types`}`;
}
