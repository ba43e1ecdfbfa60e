/**
 * Closes the box from within, before the plugin is loaded: takes away what the
 * permissions of the runtime leave open, and tries each thing that is denied.
 *
 * @module
 */

import process from "node:process";
import { StreamrackError } from "../../core/errors.ts";
import { runtimeInfo } from "../adapters/runtime_info.ts";
import type { BoxCheck } from "./box.ts";

let closing: Promise<void> | undefined;

/**
 * Closes the box of this thread or process; once is enough.
 *
 * @throws {StreamrackError} `permission-denied` if something that is denied can be done all the same.
 */
export function closeBox(check: BoxCheck): Promise<void> {
  return closing ??= close(check);
}

async function close(check: BoxCheck): Promise<void> {
  const { denied, dropRead, envNames } = check;
  const { name, version } = runtimeInfo();
  const closer = name === "deno"
    ? (await import("./close_on_deno.ts")).DENO_CLOSER
    : (await import("./close_on_node.ts")).NODE_CLOSER;
  closer.close(check);

  const open: string[] = [];
  for (const kind of denied) if (!await closer.isRefused[kind]()) open.push(kind);
  if (dropRead !== undefined && !closer.isUnreadable(dropRead)) open.push(`read of ${dropRead}`);
  if (envNames !== undefined && Object.keys(readableEnv()).some((name) => !envNames.includes(name))) open.push("env");
  if (open.length === 0) return;
  throw new StreamrackError(
    "permission-denied",
    `${name} ${version} does not keep this plugin from what was not granted to it: ${open.join(", ")}`,
    { remedy: "Run it on a newer runtime, or name it with grants: true, if you trust it with everything." },
  );
}

/** The environment; nothing where the runtime refuses it. */
export function readableEnv(): { readonly [name: string]: string | undefined } {
  try {
    return { ...process.env };
  } catch {
    return {};
  }
}
