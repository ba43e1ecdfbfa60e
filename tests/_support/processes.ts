/** Looks at other processes of this machine. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";

/** What Linux tells of a process, from its state on; the name before that may hold anything. */
function statOf(pid: number): string[] {
  return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
}

/** Whether a process runs. One that has ended and waits for its parent to notice does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    return statOf(pid)[0] !== "Z";
  } catch {
    return process.platform !== "linux";
  }
}

/** The group of a process, which a terminal sends its signals to, where the system shows it as a file. */
export function groupOf(pid: number): number | undefined {
  return process.platform === "linux" ? Number(statOf(pid)[2]) : undefined;
}

/** The command lines of all processes, where the system shows them as files. */
export function commandLines(): string[] {
  if (process.platform !== "linux") return [];
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
    try {
      return [readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").join(" ").trim()];
    } catch {
      return [];
    }
  });
}

/** Waits until something is so of which no event tells, such as the end of somebody else's child; fails after a minute. */
export async function until(isSo: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let turn = 0; turn < 1_200; turn++) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`still not so after a minute: ${what}`);
}
