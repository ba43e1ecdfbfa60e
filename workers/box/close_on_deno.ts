/**
 * How each kind of permission is tried on Deno, which leaves nothing open that
 * would have to be closed.
 *
 * @module
 */

import * as fs from "node:fs";
import type { Closer } from "./closer.ts";

/** As much of Deno's own interface as is tried. */
interface DenoApi {
  connect(options: { hostname: string; port: number }): Promise<{ close(): void }>;
  readonly env: { toObject(): object };
  readonly Command: new (path: string, options: { args: string[] }) => { outputSync(): unknown };
  dlopen(path: string, symbols: object): unknown;
}

const deno = () => (globalThis as unknown as { readonly Deno: DenoApi }).Deno;

/** Closes a box on Deno. */
export const DENO_CLOSER: Closer = {
  close() {},
  isRefused: {
    read: () => isRefused(() => fs.readdirSync("/")),
    write: () => isRefused(() => fs.closeSync(fs.openSync("/streamrack-probe", "r+"))),
    net: () => isRefused(async () => (await deno().connect({ hostname: "127.0.0.1", port: 9 })).close()),
    env: () => isRefused(() => deno().env.toObject()),
    // By its path: a name is looked for first.
    run: () => isRefused(() => new (deno().Command)("/streamrack-probe", { args: [] }).outputSync()),
    ffi: () => isRefused(() => deno().dlopen("/streamrack-probe.so", {})),
  },
  isUnreadable: (folder) => deniesRead(folder),
};

function deniesRead(folder: string): boolean {
  try {
    fs.readdirSync(folder);
    return false;
  } catch (error) {
    return isDenial(error);
  }
}

async function isRefused(attempt: () => unknown): Promise<boolean> {
  try {
    await attempt();
    return false;
  } catch (error) {
    return isDenial(error);
  }
}

/** By name: those of `node:` modules carry the original error, or its name in the message. */
function isDenial(error: unknown): boolean {
  const { name, code, message } = error as { readonly [K in "name" | "code" | "message"]?: unknown };
  return name === "NotCapable" || code === "ERR_ACCESS_DENIED" || code === "EACCES" ||
    String(message).includes("--allow-");
}
