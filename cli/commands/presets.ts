/**
 * `streamrack presets`: the sounds that come with the synth, and checks of others.
 *
 * @module
 */

import type { Command } from "commander";
import { StreamrackError } from "../../core/plugin.ts";
import type { Synth } from "../../synth/mod.ts";
import { writeStdout } from "../stdout.ts";
import { errorToJson, EXIT, Exit, say } from "../exit.ts";
import { renderTable } from "../table.ts";
import { addDebugFlag, wholeNumber } from "./common.ts";
import { readPreset, reasonsText } from "./synth.ts";

/** Adds `presets` to the program. */
export function addPresetsCommand(program: Command): void {
  const presets = program.command("presets")
    .summary("list, show and check presets of the synth")
    .description("Shows the presets that come with the synth, and checks those of yours.")
    .addHelpText("after", HELP);
  const list = presets.command("list")
    .description("Lists presets, all or those that fit.")
    .option("--role <role>", "only those of this role")
    .option("--search <prompt>", "by how well they fit a prompt, with scores and reasons")
    .option("--limit <count>", "most results of a search", wholeNumber(1, 1000))
    .option("--json", "print them as JSON");
  addDebugFlag(list).action((flags: ListFlags) => withSynth((synth) => listPresets(synth, flags)));
  const show = presets.command("show")
    .description("Shows a preset: as it was written, in base units with the rules, or as a graph.")
    .argument("<id>", "id of a preset, as `presets list` gives it")
    .option("--normal", "in base units, each with the rule that made it")
    .option("--json", "print the preset, its base units and its graph as JSON");
  addDebugFlag(show).action((id: string, flags: ShowFlags) => withSynth((synth) => showPreset(synth, id, flags)));
  const validate = presets.command("validate")
    .description("Checks preset files; exit code 2 if one is not right.")
    .argument("<file...>", "preset files, JSON")
    .option("--json", "print the result as JSON");
  addDebugFlag(validate)
    .action((files: string[], flags: { json?: boolean }) => withSynth((synth) => validatePresets(synth, files, flags)));
}

const HELP = `
Examples:
  $ streamrack presets list --role bass
  $ streamrack presets list --search "dark cinematic drone"
  $ streamrack presets show warm-analog-pad > mine.json
  $ streamrack presets validate mine.json`;

interface ListFlags {
  readonly role?: string;
  readonly search?: string;
  readonly limit?: number;
  readonly json?: boolean;
}

interface ShowFlags {
  readonly normal?: boolean;
  readonly json?: boolean;
}

async function withSynth(use: (synth: Synth) => Promise<void>): Promise<void> {
  const { createSynth } = await import("../../synth/mod.ts");
  const synth = await createSynth();
  try {
    await use(synth);
  } finally {
    await synth.close();
  }
}

async function listPresets(synth: Synth, { role, search, limit, json }: ListFlags): Promise<void> {
  if (search !== undefined) {
    const matches = await synth.search(search, { role: role as never, limit });
    if (json === true) return await writeStdout(toJsonText(matches));
    return await writeStdout(`${
      renderTable([
        { title: "score", value: ({ score }) => score.toFixed(2), align: "right" },
        { title: "id", value: ({ id }) => id },
        { title: "role", value: ({ role }) => role },
        { title: "because of", value: reasonsText },
      ], matches)
    }\n`);
  }
  const presets = await synth.listPresets({ role: role as never });
  if (json === true) return await writeStdout(toJsonText(presets));
  await writeStdout(`${
    renderTable([
      { title: "id", value: ({ id }) => id },
      { title: "role", value: ({ role }) => role },
      { title: "description", value: ({ description }) => description },
    ], presets)
  }\n`);
}

async function showPreset(synth: Synth, id: string, { normal: isNormal, json }: ShowFlags): Promise<void> {
  const { preset, normal, graph } = await synth.loadPreset(id);
  if (json === true) return await writeStdout(toJsonText({ preset, normal, graph }));
  if (isNormal !== true) return await writeStdout(toJsonText(preset));
  await writeStdout(`${
    renderTable([
      { title: "value", value: ([path]) => path },
      { title: "is", value: ([, { value }]) => `${Number(value.toPrecision(6))}`, align: "right" },
      { title: "unit", value: ([, { unit }]) => unit },
      { title: "written", value: ([, { written }]) => written === undefined ? "" : `${written}` },
      { title: "rule", value: ([, { rule }]) => rule },
    ], Object.entries(normal.values))
  }\n`);
}

async function validatePresets(synth: Synth, files: readonly string[], { json }: { json?: boolean }): Promise<void> {
  const results: { file: string; ok: boolean; error?: { [key: string]: unknown } }[] = [];
  for (const file of files) {
    try {
      await synth.checkPreset(await readPreset(file));
      results.push({ file, ok: true });
      if (json !== true) say(`ok      ${file}`);
    } catch (thrown) {
      if (!StreamrackError.is(thrown)) throw thrown;
      results.push({ file, ok: false, error: errorToJson(thrown) });
      if (json !== true) say(`FAILED  ${file}: ${thrown.message}`);
    }
  }
  if (json === true) await writeStdout(toJsonText(results));
  if (results.some(({ ok }) => !ok)) throw new Exit(EXIT.usage);
}

function toJsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
