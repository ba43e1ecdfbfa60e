/**
 * What the sub-commands share.
 *
 * @module
 */

import { type Command, InvalidArgumentError } from "commander";
import type { LogEntry, Manifest, PluginInput, Runtime } from "../../mod.ts";
import { StreamrackError } from "../../core/plugin.ts";
import { say } from "../exit.ts";
import { type FileArgument, parseFileArgument } from "../flow/bindings.ts";
import { parseGrants } from "../plugins/grants.ts";
import { readPluginFile } from "../plugins/plugin_file.ts";
import { toPlugin } from "../plugins/to_plugin.ts";

/** Options that several sub-commands have. */
export interface RuntimeFlags {
  readonly plugin?: readonly string[];
  readonly grant?: readonly string[];
  readonly pluginFile?: string;
  readonly debug?: boolean;
}

/** Beyond what any format has: they take the nearest that they have. */
export const BITRATE_MAX_KBPS = 1000;

/** Adds `--plugin`, `--grant`, `--plugin-file` and `--debug`. */
export function addRuntimeFlags(command: Command): Command {
  return addDebugFlag(command)
    .option("-p, --plugin <plugin>", "URL, path or package of a plugin; repeatable", append)
    .option(
      "--grant <plugin=what>",
      "what a plugin of -p may reach: all, none, or read:PATH,net:HOST,env:NAME,…; repeatable",
      append,
    )
    .option("--plugin-file <path>", "file that lists plugins, with grants, version and tier; JSON or YAML");
}

/** Adds `--debug`. */
export function addDebugFlag(command: Command): Command {
  return command.option("--debug", "show stacks and causes of errors, and debug logs of nodes");
}

/** Gathers the values of an option that may be repeated. */
export function append(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

/** Gathers the values of `-i` or `-o`. */
export function appendFile(value: string, previous: readonly FileArgument[] = []): readonly FileArgument[] {
  return [...previous, parseFileArgument(value)];
}

/** Makes a parser of whole numbers within a range. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== "" && Number.isInteger(value) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}

/** Runs something with a runtime, which is closed afterwards. */
export async function withRuntime<T>(flags: RuntimeFlags, use: (runtime: Runtime) => Promise<T>): Promise<T> {
  // Loaded only here, so that `--help` and `--version` answer at once.
  const { createRuntime } = await import("../../mod.ts");
  const runtime = await createRuntime({
    plugins: await pluginsOf(flags),
    onLog: (entry) => logToStderr(entry, flags.debug === true),
  });
  try {
    return await use(runtime);
  } finally {
    await runtime.close();
  }
}

/** Reads a manifest; errors name the file. */
export async function readManifest(path: string): Promise<Manifest> {
  const { loadManifest } = await import("../../mod.ts");
  return await inManifest(path, () => loadManifest(path));
}

/** Adds the name of the file to what is found wrong with a manifest. */
export async function inManifest<T>(path: string, use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (thrown) {
    if (!StreamrackError.is(thrown) || thrown.reason !== "invalid-manifest") throw thrown;
    const { detail, problems, remedy } = thrown;
    throw new StreamrackError("invalid-manifest", `${path}: ${detail}`, { problems, remedy, cause: thrown });
  }
}

/** The plugins that the flags name. */
export async function pluginsOf({ plugin = [], grant = [], pluginFile }: RuntimeFlags): Promise<PluginInput[]> {
  const grants = parseGrants(grant, plugin);
  const listed = pluginFile === undefined ? [] : await readPluginFile(pluginFile);
  return [...plugin.map((text) => ({ plugin: toPlugin(text), grants: grants.get(text) })), ...listed];
}

function logToStderr({ level, nodeId, message, details }: LogEntry, isDebug: boolean): void {
  if (level === "debug" && !isDebug) return;
  say(`[${level}] ${nodeId}: ${message}${details === undefined ? "" : ` ${JSON.stringify(details)}`}`);
}
