/**
 * The guard of a child process: it kills the child when the host has ended,
 * however that was. The child notices by itself that its pipe has closed, but
 * not as long as its plugin computes without a pause.
 *
 * @module
 */

import { spawn } from "node:child_process";
import process from "node:process";

/**
 * Reads one line, which says that the child has ended; where the end of the pipe comes instead, the host is gone. The
 * child leads a group, in which are also the processes that its plugin has started.
 */
const SCRIPT = 'read -r _ || kill -9 "-$1"';

/** Ends a child, and the processes that its plugin has started. It may have ended already. */
export function killGroup(pid: number): void {
  // The group 0 would be our own.
  if (pid === 0) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // None of them is left.
  }
}

/**
 * Sets a guard over a process, which leads a group.
 *
 * @param onError Told that there is none: the system has no shell.
 * @returns Sends the guard away, when the process has ended.
 */
export function guardChild(pid: number, onError: (error: Error) => void): () => void {
  const guard = spawn("/bin/sh", ["-c", SCRIPT, "sh", String(pid)], {
    stdio: ["pipe", "ignore", "ignore"],
    env: {},
    // In a session of its own: what a terminal sends to the host's group is not meant for it.
    detached: true,
  });
  guard.on("error", onError);
  const { stdin } = guard;
  // It may have been killed: the line that dismisses it is for nobody then.
  stdin.on("error", () => {});
  guard.unref();
  (stdin as { unref?(): void }).unref?.();
  return () => void stdin.end("\n");
}
