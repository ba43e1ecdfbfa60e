/**
 * One child process of a plugin, as the host has it: its pipe and its tasks,
 * the watch of its memory, and its end.
 *
 * @module
 */

import { fromErrorEnvelope } from "../../core/error_envelope.ts";
import { StreamrackError } from "../../core/errors.ts";
import { settledWithin } from "../../core/flow/settled_within.ts";
import type { Permissions } from "../../core/node/permissions.ts";
import type { ProcessOptions } from "../../core/node/registry.ts";
import type { Box } from "../box/box.ts";
import { UnsentTask } from "../pool.ts";
import type { WorkerTask } from "../protocol.ts";
import { pipeViolation } from "./codec.ts";
import { guardChild, killGroup } from "./guard_child.ts";
import { PortMux } from "./port_mux.ts";
import type { FromChild, ToChild } from "./process_messages.ts";
import { residentBytes } from "./resident_memory.ts";
import { spawnChild } from "./spawn_child.ts";

/** How the process of a plugin is kept. */
export interface PluginProcessOptions extends ProcessOptions {
  readonly pluginUrl: string;
  /** Absent: it has the rights of this process. */
  readonly grants?: Permissions | undefined;
  /** What the runtime keeps it to. Absent: nothing. */
  readonly box?: Box | undefined;
  /** How long an idle process is kept, in milliseconds. Default: 30 000. */
  readonly idleTimeoutMs?: number | undefined;
}

/** How often the memory of a process is looked at, in milliseconds. */
const LOOK_EVERY_MS = 100;
/** How long the end of a killed process is waited for, in milliseconds. */
const EXIT_TIMEOUT_MS = 5_000;

interface Pending {
  resolve(value: unknown): void;
  reject(error: Error): void;
  readonly group: number;
}

/** Who is told of the end of a process. */
export interface ProcessListener {
  /** It is about to be killed. Called once at most, before {@linkcode onExit}. */
  onKill(why: StreamrackError): void;
  /** It has ended. Called once. */
  onExit(): void;
}

/** One child process, as the host has it. */
export class PluginProcess {
  /** 0 if it could not be started. */
  readonly pid: number;
  readonly #options: PluginProcessOptions;
  readonly #listener: ProcessListener;
  readonly #process: ReturnType<typeof spawnChild>["process"];
  readonly #pipe: ReturnType<typeof spawnChild>["pipe"];
  readonly #mux: PortMux;
  readonly #tasks = new Map<number, Pending>();
  readonly #exited: Promise<void>;
  #nextTask = 1;
  #failure: Error | undefined;
  #isKilled = false;
  #look: ReturnType<typeof setInterval> | undefined;
  #idle: ReturnType<typeof setTimeout> | undefined;

  constructor(options: PluginProcessOptions, listener: ProcessListener) {
    this.#options = options;
    this.#listener = listener;
    const { process, pipe } = spawnChild(options);
    this.#process = process;
    this.#pipe = pipe;
    this.pid = process.pid ?? 0;
    const dismissGuard = this.pid === 0 ? () => {} : guardChild(this.pid, (cause) => void this.kill(noGuard(cause)));
    this.#exited = new Promise((resolve) => {
      const exited = (error: Error) => {
        clearInterval(this.#look);
        clearTimeout(this.#idle);
        dismissGuard();
        // What its plugin has started goes as well.
        killGroup(this.pid);
        this.#fail(error);
        listener.onExit();
        resolve();
      };
      process.once("exit", (code, signal) => exited(exitError(code, signal)));
      // It could not be started.
      process.once("error", (error) => exited(error));
    });
    this.#mux = new PortMux(pipe, "host", {
      onMessage: (message) => this.#hear(message),
      onClose: (error) => void this.#onPipeClosed(error),
    });
    this.#watchMemory();
  }

  /** Runs a task to its end. Rejects when the process dies before, and with an {@linkcode UnsentTask} where it cannot be sent. */
  run(task: WorkerTask): Promise<unknown> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const id = this.#nextTask++;
    let group: number;
    try {
      group = this.#mux.post({ id, task } satisfies ToChild);
    } catch (thrown) {
      // Nobody waits for an answer: the process is as idle as it was, and one that was started for this is idle now.
      if (this.#tasks.size === 0) this.#rest();
      return Promise.reject(new UnsentTask(StreamrackError.from(thrown, "not-cloneable")));
    }
    clearTimeout(this.#idle);
    this.#hold(true);
    return new Promise((resolve, reject) => this.#tasks.set(id, { resolve, reject, group }));
  }

  /** Ends it at once, and waits until it has. */
  async kill(why: StreamrackError): Promise<void> {
    if (!this.#isKilled) {
      this.#isKilled = true;
      this.#listener.onKill(why);
      // Not SIGTERM, which its plugin could ignore: it was asked to end already.
      killGroup(this.pid);
      this.#process.kill("SIGKILL");
      this.#fail(why);
    }
    await settledWithin(this.#exited, EXIT_TIMEOUT_MS);
    this.#mux.dispose();
  }

  #hear(message: unknown): void {
    const { t, id, value, error } = (message ?? {}) as { readonly [K in "t" | "id" | "value" | "error"]?: unknown };
    if (t === "ready") return;
    const pending = typeof id === "number" ? this.#tasks.get(id) : undefined;
    if (pending === undefined || (t !== "result" && t !== "failed")) {
      throw pipeViolation("the answer to a task that it does not have");
    }
    this.#tasks.delete(id as number);
    this.#mux.release(pending.group);
    if (t === "result") pending.resolve(value);
    else {
      const cause = fromErrorEnvelope(error as Extract<FromChild, { readonly t: "failed" }>["error"]);
      // What it says of itself is no error of ours.
      pending.reject(new Error(cause.message, { cause }));
    }
    if (this.#tasks.size === 0) this.#rest();
  }

  /** Lets go of it for as long as nothing runs there, and ends it when that lasts. */
  #rest(): void {
    this.#hold(false);
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      void this.kill(new StreamrackError("session-closed", "nobody has used the child process for a while"));
    }, this.#options.idleTimeoutMs ?? 30_000);
    unref(this.#idle);
  }

  /** A process that is alive, but has closed its pipe or written nonsense to it, is of no use any more. */
  async #onPipeClosed(error: StreamrackError): Promise<void> {
    if (error.reason === "worker-crashed") {
      // Mostly it has just ended, and its exit says more.
      await settledWithin(this.#exited, EXIT_TIMEOUT_MS);
    }
    await this.kill(error);
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#tasks.values()) reject(this.#failure);
    this.#tasks.clear();
  }

  /** Whether the host stays alive for it. */
  #hold(isHeld: boolean): void {
    for (const handle of [this.#process, this.#pipe]) {
      const { ref, unref } = handle as { ref?(): void; unref?(): void };
      (isHeld ? ref : unref)?.call(handle);
    }
  }

  #watchMemory(): void {
    const { maxRssBytes } = this.#options;
    if (maxRssBytes === undefined || this.pid === 0) return;
    let isLooking = false;
    this.#look = setInterval(async () => {
      if (isLooking) return;
      isLooking = true;
      const bytes = await residentBytes(this.pid);
      isLooking = false;
      if (bytes !== undefined && bytes > maxRssBytes) void this.kill(memoryExceeded(bytes, maxRssBytes));
    }, LOOK_EVERY_MS);
    unref(this.#look);
  }
}

function memoryExceeded(bytes: number, maxRssBytes: number): StreamrackError {
  const detail = `the child process had ${bytes} bytes of memory, where ${maxRssBytes} are allowed (maxRssBytes)`;
  return new StreamrackError("memory-exceeded", `${detail}; it was killed`, {
    problems: [{
      path: "maxRssBytes",
      message: "was exceeded",
      received: `${bytes} bytes`,
      expected: `at most ${maxRssBytes}`,
    }],
    remedy: "Send less at a time, raise the limit, or look for a leak in the plugin.",
  });
}

function noGuard(cause: Error): StreamrackError {
  return new StreamrackError("unsupported-runtime", "a child process needs a guard, which /bin/sh runs", {
    cause,
    remedy: "Install a shell, or run the plugin in a thread.",
  });
}

function exitError(code: number | null, signal: string | null): Error {
  return new Error(signal === null ? `it exited with code ${code}` : `it was killed by ${signal}`);
}

function unref(handle: unknown): void {
  (handle as { unref?(): void }).unref?.();
}
