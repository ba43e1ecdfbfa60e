/**
 * How much memory another process has.
 *
 * @module
 */

import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import process from "node:process";

/** Resident memory of a process, in bytes; nothing if it cannot be told. Never rejects. */
export async function residentBytes(pid: number): Promise<number | undefined> {
  const kib = process.platform === "linux" ? await fromProc(pid) : await fromPs(pid);
  return kib === undefined ? undefined : kib * 1024;
}

async function fromProc(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  return kib === undefined ? undefined : Number(kib);
}

function fromPs(pid: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    execFile("ps", ["-o", "rss=", "-p", String(pid)], (error, stdout) => {
      const kib = Number.parseInt(stdout);
      resolve(error === null && Number.isFinite(kib) ? kib : undefined);
    });
  });
}
