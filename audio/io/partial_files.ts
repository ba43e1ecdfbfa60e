/**
 * The temporary names that files have until they are whole: beside their
 * place, `.NAME.MACHINE-PROCESS-RANDOM.part`.
 *
 * @module
 */

import { createHash, randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { systemCode } from "./file_error.ts";

/** A name may have 255 bytes: a long one makes room for what is added. */
const NAME_CHARS = 60;

/** A temporary name for a file, which no other has. */
export function partialPath(place: string): string {
  return join(dirname(place), `${startOf(place)}${process.pid}-${randomBytes(4).toString("hex")}.part`);
}

function startOf(place: string): string {
  return `.${basename(place).slice(0, NAME_CHARS)}.${machine()}-`;
}

/**
 * Removes what is left of a file by processes that had no chance to do it, as
 * after SIGKILL: those of this machine that run no more. Others may be at work.
 */
export async function removeLeftovers(place: string): Promise<void> {
  const start = startOf(place);
  for (const name of await readdir(dirname(place)).catch(() => [])) {
    if (!name.startsWith(start)) continue;
    const pid = /^(\d+)-[0-9a-f]{8}\.part$/.exec(name.slice(start.length))?.[1];
    // What cannot be removed is in nobody's way.
    if (pid !== undefined && hasEnded(Number(pid))) {
      await rm(join(dirname(place), name), { force: true }).catch(() => {});
    }
  }
}

function hasEnded(pid: number): boolean {
  try {
    process.kill(pid, 0); // sends nothing
    return false;
  } catch (thrown) {
    return systemCode(thrown) === "ESRCH";
  }
}

/** Tells machines and containers apart that share a folder: each counts its processes by itself. */
function machine(): string {
  machineCode ??= createHash("sha256").update(hostnameOrNone()).digest("hex").slice(0, 8);
  return machineCode;
}
let machineCode: string | undefined;

function hostnameOrNone(): string {
  try {
    return hostname();
  } catch {
    return ""; // Deno asks for a permission.
  }
}

const partialFiles = new Set<string>();
let isListening = false;

/** Removes a file also when the process ends before anybody could discard it. */
export function removeAtExit(path: string): void {
  if (!isListening) process.once("exit", removePartialFiles);
  isListening = true;
  partialFiles.add(path);
}

/** The file is whole, or removed. */
export function keepAtExit(path: string): void {
  partialFiles.delete(path);
}

function removePartialFiles(): void {
  for (const path of partialFiles) rmSync(path, { force: true });
}
