/**
 * Whether this Deno lets a web worker have permissions of its own. It does so
 * behind a flag; without, the attempt ends the process, and no interface tells
 * whether the flag is set.
 *
 * @module
 */

import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const FLAG = "--unstable-worker-options";

let found: boolean | undefined;

/** Whether the flag is seen to be set, on the command line or in the configuration. Deno only. */
export function hasWorkerPermissions(): boolean {
  return found ??= look();
}

function look(): boolean {
  const flags = runtimeFlags();
  if (flags.includes(FLAG)) return true;
  if (flags.includes("--no-config")) return false;
  const file = configArgument(flags) ?? findConfig();
  try {
    return file !== undefined && tellsOfFlag(readFileSync(file, "utf8"));
  } catch {
    return false;
  }
}

/** The command line of this process, where the system tells it. */
function runtimeFlags(): readonly string[] {
  try {
    return readFileSync("/proc/self/cmdline", "utf8").split("\0");
  } catch {
    return process.execArgv;
  }
}

function configArgument(flags: readonly string[]): string | undefined {
  for (const [i, flag] of flags.entries()) {
    if (flag === "--config" || flag === "-c") return flags[i + 1];
    if (flag.startsWith("--config=")) return flag.slice("--config=".length);
  }
  return undefined;
}

/** As Deno does, from the main module upwards. */
function findConfig(): string | undefined {
  const { mainModule } = (globalThis as { readonly Deno?: { readonly mainModule?: string } }).Deno ?? {};
  let folder = mainModule?.startsWith("file:") ? dirname(fileURLToPath(mainModule)) : resolve(process.cwd());
  for (;;) {
    const file = ["deno.json", "deno.jsonc"].map((name) => join(folder, name)).find((path) => existsSync(path));
    if (file !== undefined) return file;
    const parent = dirname(folder);
    if (parent === folder) return undefined;
    folder = parent;
  }
}

function tellsOfFlag(config: string): boolean {
  const text = config.replace(/^\s*\/\/.*$/gm, "");
  return /"unstable"\s*:\s*\[[^\]]*"worker-options"/.test(text);
}
