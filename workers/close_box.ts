/**
 * Closes the box from within, before the plugin is loaded: takes away what the
 * permissions of the runtime leave open, and tries each thing that is denied.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { connect } from "node:net";
import os from "node:os";
import { parse } from "node:path";
import process from "node:process";
import v8 from "node:v8";
import { StreamrackError } from "../core/errors.ts";
import type { PermissionKind } from "../core/node/permissions.ts";
import type { BoxCheck } from "./box.ts";

let closing: Promise<void> | undefined;

/**
 * Closes the box of this thread; once is enough.
 *
 * @throws {StreamrackError} `permission-denied` if something that is denied can be done all the same.
 */
export function closeBox(check: BoxCheck): Promise<void> {
  return closing ??= close(check);
}

async function close({ denied, dropRead, envNames }: BoxCheck): Promise<void> {
  const { permission } = process as { permission?: { drop?(scope: string, reference: string): void } };
  if (dropRead !== undefined) permission?.drop?.("fs.read", dropRead);
  // It tells the environment of the whole process.
  if (envNames !== undefined) takeAway(process, "report");
  if (denied.includes("run")) { for (const key of ["kill", "_kill"]) takeAway(process, key); }
  takeAway(v8, "setFlagsFromString");
  takeAway(os, "setPriority");
  syncBuiltinESMExports();

  const open: string[] = [];
  for (const kind of denied) if (!await REFUSED[kind]()) open.push(kind);
  if (dropRead !== undefined && !isRefused(() => fs.readdirSync(dropRead))) open.push(`read of ${dropRead}`);
  if (envNames !== undefined && Object.keys(process.env).some((name) => !envNames.includes(name))) open.push("env");
  if (open.length === 0) return;
  throw new StreamrackError(
    "permission-denied",
    `this runtime does not keep a thread from what was not granted to it: ${open.join(", ")}`,
    { remedy: "Run on Node 25 or later, or leave the grants out, if you trust the plugin with everything." },
  );
}

/** Tries each kind in a way that does no harm where it is possible. */
const REFUSED: { readonly [K in PermissionKind]: () => boolean | Promise<boolean> } = {
  read: () => isRefused(() => fs.readdirSync(parse(process.cwd()).root)),
  write: () => isRefused(() => fs.closeSync(fs.openSync(process.execPath, "r+"))),
  net: () =>
    new Promise((resolve) => {
      const settle = (refused: boolean) => {
        socket.destroy();
        resolve(refused);
      };
      const socket = connect({ host: "127.0.0.1", port: 9 });
      socket.on("error", (error) => settle(isDenial(error)));
      socket.on("connect", () => settle(false));
    }),
  env: () => Object.keys(process.env).length === 0 && process.report === undefined,
  run: () => isRefused(() => spawnSync(process.execPath, ["--version"])),
  ffi: () => isRefused(() => process.dlopen({ exports: {} }, "/no/such.node")),
};

function isRefused(attempt: () => unknown): boolean {
  try {
    attempt();
    return false;
  } catch (error) {
    return isDenial(error);
  }
}

function isDenial(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown };
  return code === "ERR_ACCESS_DENIED" || code === "ERR_DLOPEN_DISABLED";
}

function takeAway(target: object, key: string): void {
  Object.defineProperty(target, key, { value: undefined, writable: false, configurable: false });
}
