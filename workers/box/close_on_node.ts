/**
 * What Node's permissions leave open, and how each kind is tried.
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
import workerThreads from "node:worker_threads";
import type { Closer } from "./closer.ts";

/** Closes a box on Node. */
export const NODE_CLOSER: Closer = {
  close({ denied, dropRead, envNames }) {
    const { permission } = process as { permission?: { drop?(scope: string, reference: string): void } };
    if (dropRead !== undefined) permission?.drop?.("fs.read", dropRead);
    // It tells the environment of the whole process.
    if (envNames !== undefined) takeAway(process, "report");
    // The last opens the inspector of any process of the user, through which code can be run there.
    if (denied.includes("run")) { for (const key of ["kill", "_kill", "_debugProcess"]) takeAway(process, key); }
    takeAway(v8, "setFlagsFromString");
    takeAway(os, "setPriority");
    // By these a thread reaches what the application, or another plugin, has in other threads.
    for (const key of ["BroadcastChannel", "postMessageToThread", "locks"]) takeAway(workerThreads, key);
    takeAway(globalThis, "BroadcastChannel");
    takeAway(Object.getPrototypeOf(navigator), "locks");
    syncBuiltinESMExports();
  },
  isRefused: {
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
    env: () => process.report === undefined,
    run: () => isRefused(() => spawnSync(process.execPath, ["--version"])),
    ffi: () => isRefused(() => process.dlopen({ exports: {} }, "/no/such.node")),
  },
  isUnreadable: (folder) => isRefused(() => fs.readdirSync(folder)),
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
