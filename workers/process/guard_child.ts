/**
 * The guard of a child process: it kills the child when the host has ended,
 * however that was. The child notices by itself that its pipe has closed, but
 * not as long as its plugin computes without a pause.
 *
 * @module
 */

import { spawn } from "node:child_process";

/** Reads one line, which says that the child has ended; where the end of the pipe comes instead, the host is gone. */
const SCRIPT = 'read -r _ || kill -9 "$1"';

/**
 * Sets a guard over a process.
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
