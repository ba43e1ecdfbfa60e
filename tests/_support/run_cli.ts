/**
 * Runs the streamrack command with the runtime that runs the test.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";

const ENTRY = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));
const RUNTIME_ARGS = process.versions["deno"] === undefined ? [] : ["run", "-A"];

/** How a command ended. */
export interface CliResult {
  readonly code: number | null;
  readonly stdout: Uint8Array;
  /** The bytes of stdout as text. */
  readonly text: string;
  readonly stderr: string;
}

/** Where and with what a command runs. */
export interface CliOptions {
  readonly cwd?: string;
  /** What it reads from stdin. Default: nothing. */
  readonly stdin?: Uint8Array | string;
}

/** Runs the command to its end. */
export async function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const cli = startCli(args, options);
  cli.child.stdin.on("error", () => {}); // It may end without reading all.
  cli.child.stdin.end(options.stdin ?? "");
  return await cli.ended;
}

/** A command that runs. */
export interface RunningCli {
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<CliResult>;
  /** Sends a signal, as Ctrl-C does. */
  signal(name: "SIGINT" | "SIGTERM" | "SIGKILL"): void;
  /** Resolves when stderr has said this; rejects if the command ends before. */
  said(text: string): Promise<void>;
}

/** Starts the command. */
export function startCli(args: readonly string[], options: CliOptions = {}): RunningCli {
  const env = { ...process.env, NO_COLOR: "1" };
  const child = spawn(process.execPath, [...RUNTIME_ARGS, ENTRY, ...args], { cwd: options.cwd, env });
  const chunks: Uint8Array[] = [];
  let stderr = "";
  const waiting = new Set<() => void>();
  child.stdout.on("data", (chunk: Uint8Array) => chunks.push(chunk));
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    for (const check of waiting) check();
  });
  const ended = new Promise<CliResult>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      const stdout = Buffer.concat(chunks);
      resolve({ code, stdout, text: stdout.toString("utf8"), stderr });
    });
  });
  const said = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const check = () => {
        if (!stderr.includes(text)) return;
        waiting.delete(check);
        resolve();
      };
      waiting.add(check);
      check();
      ended.then(() => reject(new Error(`it ended without saying "${text}":\n${stderr}`)), reject);
    });
  // Not child.kill(): on Deno the child then counts as killed by the signal, whatever code it exits with.
  const signal = (name: "SIGINT" | "SIGTERM" | "SIGKILL") => void process.kill(child.pid as number, name);
  return { child, ended, signal, said };
}
