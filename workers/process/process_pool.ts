/**
 * The child process of one plugin. It starts when it is needed, serves all
 * sessions of its plugin, and ends some time after the last.
 *
 * @module
 */

import { fromErrorEnvelope } from "../../core/error_envelope.ts";
import { StreamrackError } from "../../core/errors.ts";
import { settledWithin } from "../../core/flow/settled_within.ts";
import type { Permissions } from "../../core/node/permissions.ts";
import type { ProcessOptions } from "../../core/node/registry.ts";
import type { Box } from "../box/box.ts";
import type { TaskPool } from "../pool.ts";
import type { WorkerTask } from "../protocol.ts";
import { pipeViolation } from "./codec.ts";
import { guardChild, killGroup } from "./guard_child.ts";
import { PortMux } from "./port_mux.ts";
import type { FromChild, ToChild } from "./process_messages.ts";
import { residentBytes } from "./resident_memory.ts";
import { spawnChild } from "./spawn_child.ts";

/** How the process of a plugin is kept. */
export interface ProcessPoolOptions extends ProcessOptions {
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
/** Of how many processes it is remembered why they were ended. */
const ENDS_KEPT = 16;

/** Runs tasks in a child process. */
export class ProcessPool implements TaskPool {
  readonly place = "child process";
  readonly #options: ProcessPoolOptions;
  readonly #ended = new Map<number, StreamrackError>();
  /** Processes that are up, those that are being killed included. */
  readonly #children = new Set<Child>();
  #current: Child | undefined;
  #isClosed = false;

  constructor(options: ProcessPoolOptions) {
    this.#options = options;
  }

  get threads(): number {
    return this.#children.size;
  }

  async run(
    task: WorkerTask,
    _transferList: readonly MessagePort[],
    _started: Promise<unknown>,
    onThread: (threadId: number) => void,
  ): Promise<unknown> {
    if (this.#isClosed) throw new StreamrackError("runtime-closed", "the runtime was closed");
    const child = this.#current ??= this.#start();
    onThread(child.pid);
    return await child.run({ ...task, box: this.#options.box?.check });
  }

  async terminate(pid: number, why?: StreamrackError): Promise<void> {
    const child = [...this.#children].find((candidate) => candidate.pid === pid);
    await child?.kill(why ?? new StreamrackError("worker-crashed", "the child process was terminated"));
  }

  whyEnded(pid: number): StreamrackError | undefined {
    return this.#ended.get(pid);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const closed = new StreamrackError("runtime-closed", "the runtime was closed");
    await Promise.all([...this.#children].map((child) => child.kill(closed)));
  }

  #start(): Child {
    const child = new Child(this.#options, {
      onKill: (why) => {
        // Nothing more is given to a process that is about to end.
        if (this.#current === child) this.#current = undefined;
        if (!this.#ended.has(child.pid)) this.#ended.set(child.pid, why);
        const [oldest] = this.#ended.keys();
        if (this.#ended.size > ENDS_KEPT) this.#ended.delete(oldest as number);
      },
      onExit: () => {
        if (this.#current === child) this.#current = undefined;
        this.#children.delete(child);
      },
    });
    // Numbers of processes come again.
    this.#ended.delete(child.pid);
    this.#children.add(child);
    return child;
  }
}

interface Pending {
  resolve(value: unknown): void;
  reject(error: Error): void;
  readonly group: number;
}

interface ChildListener {
  onKill(why: StreamrackError): void;
  onExit(): void;
}

/** One child process. */
class Child {
  /** 0 if it could not be started. */
  readonly pid: number;
  readonly #options: ProcessPoolOptions;
  readonly #listener: ChildListener;
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

  constructor(options: ProcessPoolOptions, listener: ChildListener) {
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

  /** Runs a task to its end. Rejects when the process dies before. */
  run(task: WorkerTask): Promise<unknown> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const id = this.#nextTask++;
    return new Promise((resolve, reject) => {
      // If it cannot be sent, nobody waits for an answer, and the process stays as idle as it was.
      const group = this.#mux.post({ id, task } satisfies ToChild);
      this.#tasks.set(id, { resolve, reject, group });
      clearTimeout(this.#idle);
      this.#hold(true);
    });
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
    else pending.reject(fromErrorEnvelope(error as Extract<FromChild, { readonly t: "failed" }>["error"]));
    if (this.#tasks.size > 0) return;
    this.#hold(false);
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
