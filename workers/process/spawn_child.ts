/**
 * How a child process of the same runtime is started: its command line, its
 * environment and its pipes.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Permissions } from "../../core/node/permissions.ts";
import { runtimeInfo } from "../adapters/runtime_info.ts";
import { type Box, denoFlags, grantedEnv, nodeFlags } from "../box/box.ts";

/** Where the entry of child processes is. Both forms are spelled out, for packers. */
const CHILD_ENTRY_URL: URL = import.meta.url.endsWith(".ts")
  ? new URL("./child.ts", import.meta.url)
  : new URL("./child.js", import.meta.url);

/** Stands for all names of environment variables, of which none is like it. The child knows it as well. */
const ALL_NAMES = "=";

/** A child process, and the pipe to it. */
export interface SpawnedChild {
  readonly process: ChildProcess;
  readonly pipe: Duplex;
}

/** What a child is started with. */
export interface SpawnOptions {
  /** Absent: it has the rights of this process. */
  readonly grants?: Permissions | undefined;
  /** What the runtime keeps it to. Absent: nothing. */
  readonly box?: Box | undefined;
}

/** Starts a child. */
export function spawnChild({ grants, box }: SpawnOptions): SpawnedChild {
  // What is not granted of the environment can be left out on every runtime, whatever else that can refuse.
  const env = grantedEnv(grants === undefined ? true : grants.env);
  const names = grants === undefined ? [ALL_NAMES] : Object.keys(env);
  const args = [...runtimeArguments(box), fileURLToPath(CHILD_ENTRY_URL), ...names];
  // In a session and a group of its own: Ctrl-C is the host's to handle, whose sessions may still want to end well.
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "inherit", "inherit", "pipe"], detached: true });
  return { process: child, pipe: child.stdio[3] as unknown as Duplex };
}

/** What stands before the entry on the command line. */
function runtimeArguments(box: Box | undefined): string[] {
  if (runtimeInfo().name !== "deno") return box === undefined ? [] : nodeFlags(box);
  return ["run", ...(box === undefined ? ["--no-prompt", "--allow-all"] : denoFlags(box))];
}
