/**
 * The program: its sub-commands, and how it ends.
 *
 * @module
 */

import process from "node:process";
import { Command, CommanderError } from "commander";
import { isBrokenPipe, writeStdout } from "./stdout.ts";
import { addDoctorCommand } from "./commands/doctor.ts";
import { addNodesCommand } from "./commands/nodes.ts";
import { addPluginCommand } from "./commands/plugin.ts";
import { addPresetsCommand } from "./commands/presets.ts";
import { addRunCommand } from "./commands/run.ts";
import { addServeCommand } from "./commands/serve.ts";
import { addStreamCommand } from "./commands/stream.ts";
import { addSynthCommand } from "./commands/synth.ts";
import { addValidateCommand } from "./commands/validate.ts";
import { errorToJson, EXIT, exitCodeOf, reportError } from "./exit.ts";
import { VERSION } from "../core/plugin.ts";

const HELP = `
Exit codes: 0 done, 1 the pipeline failed, 2 bad usage or manifest, 130 interrupted.

Examples:
  $ streamrack run gain.yaml -i speech.wav -o louder.wav
  $ sox in.flac -t wav - | streamrack stream gain.yaml | sox -t wav - out.flac
  $ streamrack nodes describe audio.gain
  $ streamrack <command> --help`;

/** Builds the command line. */
export function buildProgram(printed: string[] = []): Command {
  const program = new Command("streamrack")
    .description("Runs streaming media pipelines on Deno, Bun and Node.")
    .version(VERSION, "-V, --version")
    .addHelpText("after", HELP)
    .showSuggestionAfterError()
    .exitOverride()
    // Help is data that was asked for: it is printed like all data, with regard for a reader that goes away.
    .configureOutput({ writeOut: (text) => void printed.push(text) });
  addRunCommand(program);
  addStreamCommand(program);
  addServeCommand(program);
  addValidateCommand(program);
  addNodesCommand(program);
  addPluginCommand(program);
  addSynthCommand(program);
  addPresetsCommand(program);
  addDoctorCommand(program);
  return program;
}

/** Runs the command line; returns the exit code. Never rejects. */
export async function main(args: readonly string[]): Promise<number> {
  // The reader of our messages may go away; that is no reason to stop.
  process.stderr.on("error", () => {});
  const printed: string[] = [];
  let code: number;
  try {
    await buildProgram(printed).parseAsync([...args], { from: "user" });
    code = EXIT.done;
  } catch (thrown) {
    code = await end(thrown, args);
  }
  try {
    await writeStdout(printed.join(""));
  } catch (thrown) {
    code = await end(thrown, args);
  }
  return code;
}

async function end(thrown: unknown, args: readonly string[]): Promise<number> {
  // Commander has said what is wrong; help and version come this way, too.
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT.done : EXIT.usage;
  if (isBrokenPipe(thrown)) return EXIT.done;
  reportError(thrown, args.includes("--debug"));
  if (args.includes("--json") && thrown instanceof Error && thrown.name === "StreamrackError") {
    await writeStdout(`${JSON.stringify({ ok: false, error: errorToJson(thrown) })}\n`).catch(() => {});
  }
  return exitCodeOf(thrown);
}
