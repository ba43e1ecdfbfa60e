/**
 * `streamrack doctor`: whether it works here, and what can be relied on.
 *
 * @module
 */

import { availableParallelism, totalmem } from "node:os";
import process from "node:process";
import type { Command } from "commander";
import { VERSION } from "../../core/plugin.ts";
import { writeStdout } from "../stdout.ts";
import { type Enforcement, enforcements, identifyRuntime } from "../doctor/enforcement.ts";
import { tryGrants } from "../doctor/grants.ts";
import { type PluginFinding, tryPlugins } from "../doctor/plugins.ts";
import { type ProbeResult, runProbes } from "../doctor/probes.ts";
import { EXIT, Exit } from "../exit.ts";
import { bytesText, renderTable } from "../table.ts";
import { addRuntimeFlags, pluginsOf, type RuntimeFlags, withRuntime } from "./common.ts";

interface DoctorFlags extends RuntimeFlags {
  readonly json?: boolean;
}

/** Adds `doctor` to the program. */
export function addDoctorCommand(program: Command): void {
  const command = program.command("doctor")
    .summary("check this runtime")
    .description("Tries what Streamrack needs of this runtime, and tells what is enforced on plugins.")
    .option("--json", "print the findings as JSON");
  addRuntimeFlags(command)
    .addHelpText("after", HELP)
    .action((flags: DoctorFlags) => doctor(flags));
}

const HELP = `
Tells of each plugin that is named whether it is held to its grants here, reaches more, or is refused.
Exits with 1 if something that is needed does not work, or a plugin is refused.

Examples:
  $ streamrack doctor
  $ streamrack doctor --plugin-file plugins.yaml
  $ streamrack doctor --json`;

async function doctor(flags: DoctorFlags): Promise<void> {
  const runtime = identifyRuntime();
  const findings = {
    streamrack: VERSION,
    runtime: { ...runtime, v8: process.versions["v8"], node: process.versions["node"] },
    system: {
      platform: `${process.platform} ${process.arch}`,
      processors: availableParallelism(),
      memoryBytes: totalmem(),
    },
    probes: [...await runProbes(), await probePipeline()],
    enforcements: [...enforcements(runtime), ...await tryGrants(runtime.name)],
    plugins: await tryPlugins(await pluginsOf(flags)),
  };
  await writeStdout(flags.json === true ? `${JSON.stringify(findings, null, 2)}\n` : render(findings));
  if ([...findings.probes, ...findings.plugins].some(({ ok }) => !ok)) throw new Exit(EXIT.failed);
}

/** The whole way: a value through a node in a worker of a runtime, and back. */
async function probePipeline(): Promise<ProbeResult> {
  const name = "a pipeline runs";
  try {
    const detail = await withRuntime({}, async (runtime) => {
      const startedMs = performance.now();
      const { RuntimeData } = await import("../../mod.ts");
      const { outputs } = await runtime.execute(
        { version: "v1", nodes: [{ id: "echo", node_type: "util.passthrough" }] },
        { echo: RuntimeData.text("ping") },
      );
      const [answer] = outputs["echo"] ?? [];
      if (answer?.type !== "text" || answer.text !== "ping") throw new Error("the answer is not what was sent");
      const types = runtime.registry.plugins().reduce((sum, { description }) => sum + description.nodes.length, 0);
      return `in ${(performance.now() - startedMs).toFixed(0)} ms; ${types} node types are known`;
    });
    return { name, ok: true, detail };
  } catch (error) {
    return { name, ok: false, detail: error instanceof Error ? error.message : String(error) };
  }
}

interface Findings {
  readonly runtime: { readonly name: string; readonly version: string };
  readonly system: { readonly platform: string; readonly processors: number; readonly memoryBytes: number };
  readonly probes: readonly ProbeResult[];
  readonly enforcements: readonly Enforcement[];
  readonly plugins: readonly PluginFinding[];
}

function render({ runtime, system, probes, enforcements, plugins }: Findings): string {
  const facts = `streamrack ${VERSION} on ${runtime.name} ${runtime.version}, ${system.platform}, ` +
    `${system.processors} processors, ${bytesText(system.memoryBytes)} of memory`;
  const probeTable = renderTable([
    { title: "needed", value: ({ name }) => name },
    { title: "works", value: ({ ok }) => ok ? "yes" : "NO" },
    { title: "found", value: ({ detail }) => detail },
  ], probes);
  const enforcementTable = renderTable([
    { title: "enforced on plugins", value: ({ what }) => what },
    { title: "holds", value: ({ holds }) => holds },
    { title: "how", value: ({ how }) => how },
  ], enforcements);
  const pluginTable = plugins.length === 0 ? "" : "\n" + renderTable([
    { title: "plugin", value: ({ plugin }) => plugin },
    { title: "is", value: ({ state }) => state },
    { title: "which means", value: ({ detail }) => detail },
  ], plugins) + "\n";
  return `${facts}\n\n${probeTable}\n\n${enforcementTable}\n${pluginTable}`;
}
