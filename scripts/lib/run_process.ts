/**
 * Starts a program in a process group of its own, with a deadline, and returns
 * everything it said.
 *
 * @module
 */

import { spawn } from "node:child_process";
import process from "node:process";

/** What to run, and within which bounds. */
export interface RunProcessOptions {
  /** Program: a path, or a name on `PATH`. */
  readonly command: string;
  /** Arguments. Default: none. */
  readonly args?: readonly string[];
  /** Working directory. Default: that of this process. */
  readonly cwd?: string;
  /** Variables on top of this process's environment; `undefined` removes one. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Time after which the whole group is killed, in ms. */
  readonly deadlineMs: number;
  /** Kills the whole group when it aborts. */
  readonly signal?: AbortSignal | undefined;
}

/** How a program ended. */
export interface ProcessResult {
  /** Whether it ended by itself with exit code 0. */
  readonly ok: boolean;
  /** One line on how it ended, such as `exit code 1` or `killed after 60 s`. */
  readonly ending: string;
  /** Standard output. */
  readonly stdout: string;
  /** Standard output and standard error, in order of arrival. */
  readonly output: string;
  /** Time that it took, in ms. */
  readonly elapsedMs: number;
}

const running = new Set<number>();

/** Runs a program to its end; never throws for what the program does. */
export function runProcess(options: RunProcessOptions): Promise<ProcessResult> {
  const { command, args = [], cwd, deadlineMs, signal } = options;
  const startedMs = performance.now();
  return new Promise((resolve) => {
    // A group of its own, so that a deadline also ends what the program itself started.
    const child = spawn(command, args, {
      cwd,
      env: mergeEnv(options.env),
      stdio: ["ignore", "pipe", "pipe"],
      detached: process.platform !== "win32",
    });
    if (child.pid !== undefined) running.add(child.pid);
    const stdoutParts: Uint8Array[] = [];
    const allParts: Uint8Array[] = [];
    child.stdout.on("data", (part: Uint8Array) => {
      stdoutParts.push(part);
      allParts.push(part);
    });
    child.stderr.on("data", (part: Uint8Array) => allParts.push(part));

    let killedFor: string | undefined;
    const kill = (reason: string) => {
      killedFor = reason;
      killGroup(child.pid);
      // A grandchild that left the group may hold the pipes open: do not wait for it.
      child.stdout.destroy();
      child.stderr.destroy();
    };
    const timer = setTimeout(() => {
      kill(`killed after ${Math.round(deadlineMs / 1000)} s: it did not end by itself`);
    }, deadlineMs);
    const onAbort = () => kill("killed: it was no longer wanted");
    if (signal?.aborted === true) onAbort();
    signal?.addEventListener("abort", onAbort, { once: true });

    const settle = (ok: boolean, ending: string) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      if (child.pid !== undefined) running.delete(child.pid);
      const elapsedMs = performance.now() - startedMs;
      resolve({ ok, ending, stdout: decode(stdoutParts), output: decode(allParts), elapsedMs });
    };
    child.on("error", (error) => settle(false, `could not be started: ${error.message}`));
    child.on("close", (code, endedBy) => {
      if (killedFor !== undefined) settle(false, killedFor);
      else if (endedBy !== null) settle(false, `ended by ${endedBy}`);
      else settle(code === 0, `exit code ${code}`);
    });
  });
}

/** Ends every program that is still running, and what they started. */
export function killAllProcesses(): void {
  for (const pid of running) killGroup(pid);
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === "win32" ? pid : -pid, "SIGKILL");
  } catch {
    // The group is gone already.
  }
}

function mergeEnv(changes: RunProcessOptions["env"] = {}): Record<string, string> {
  const merged: Record<string, string> = {};
  for (const [name, value] of Object.entries({ ...process.env, ...changes })) {
    if (value !== undefined) merged[name] = value;
  }
  return merged;
}

function decode(parts: readonly Uint8Array[]): string {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.byteLength;
  }
  return new TextDecoder().decode(whole);
}
