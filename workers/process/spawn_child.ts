/**
 * How a child process of the same runtime is started: its command line, its
 * environment and its pipes.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import { dirname } from "node:path";
import process from "node:process";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import { StreamrackError } from "../../core/errors.ts";
import type { ProcessOptions } from "../../core/node/registry.ts";
import { runtimeInfo } from "../adapters/runtime_info.ts";

/** Where the entry of child processes is. Both forms are spelled out, for packers. */
const CHILD_ENTRY_URL: URL = import.meta.url.endsWith(".ts")
  ? new URL("./child.ts", import.meta.url)
  : new URL("./child.js", import.meta.url);
const PACKAGE_URL = new URL("../../", import.meta.url);

/** A child process, and the pipe to it. */
export interface SpawnedChild {
  readonly process: ChildProcess;
  readonly pipe: Duplex;
}

/** Starts a child. @param pluginUrl Whose folder it may read. */
export function spawnChild(options: ProcessOptions, pluginUrl: string): SpawnedChild {
  const granted = options.env ?? [];
  const args = [...runtimeArguments(options, pluginUrl), fileURLToPath(CHILD_ENTRY_URL), ...granted];
  const env = Object.fromEntries(granted.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value]];
  }));
  // In a session of its own: Ctrl-C is the host's to handle, whose sessions may still want to end well.
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "inherit", "inherit", "pipe"], detached: true });
  return { process: child, pipe: child.stdio[3] as unknown as Duplex };
}

/** What stands before the entry on the command line. @throws {StreamrackError} `unsupported-runtime` */
function runtimeArguments({ permissions, env = [] }: ProcessOptions, pluginUrl: string): string[] {
  const { name, version } = runtimeInfo();
  if (permissions === undefined) return name === "deno" ? ["run", "--no-prompt", "--allow-all"] : [];
  const { read = [], write = [], net = [], run = false } = permissions;
  const ownFolders = [fileURLToPath(PACKAGE_URL)];
  if (pluginUrl.startsWith("file:")) ownFolders.push(dirname(fileURLToPath(pluginUrl)));
  if (name === "deno") {
    const flag = (key: string, values: readonly string[]) => values.length === 0 ? [] : [`--allow-${key}=${values}`];
    return [
      "run",
      "--no-prompt",
      ...flag("read", [...ownFolders, ...read]),
      ...flag("write", write),
      ...flag("net", net),
      ...flag("env", env),
      ...(run ? ["--allow-run"] : []),
    ];
  }
  if (name === "node" && Number.parseInt(version) >= 24) {
    return [
      "--permission",
      ...[...ownFolders, ...read].map((path) => `--allow-fs-read=${path}`),
      ...write.map((path) => `--allow-fs-write=${path}`),
      ...(net.length > 0 ? ["--allow-net"] : []),
      ...(run ? ["--allow-child-process"] : []),
    ];
  }
  throw new StreamrackError("unsupported-runtime", `${name} ${version} cannot limit what a child process may reach`, {
    remedy: "Run on Deno or Node 24 and later, or leave permissions out.",
  });
}
