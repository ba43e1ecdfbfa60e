/**
 * The pool of a plugin in the process tier: one child process at a time. It
 * starts when it is needed, serves all sessions of its plugin, and ends some
 * time after the last.
 *
 * @module
 */

import { StreamrackError } from "../../core/errors.ts";
import type { TaskCourse, TaskPool } from "../pool.ts";
import type { WorkerTask } from "../protocol.ts";
import { PluginProcess, type PluginProcessOptions } from "./plugin_process.ts";

/** Of how many processes it is remembered why they were ended. */
const ENDS_KEPT = 16;

/** Runs tasks in a child process. */
export class ProcessPool implements TaskPool {
  readonly place = "child process";
  readonly #options: PluginProcessOptions;
  readonly #ended = new Map<number, StreamrackError>();
  /** Processes that are up, those that are being killed included. */
  readonly #children = new Set<PluginProcess>();
  #current: PluginProcess | undefined;
  #isClosed = false;

  constructor(options: PluginProcessOptions) {
    this.#options = options;
  }

  get threads(): number {
    return this.#children.size;
  }

  async run(
    task: WorkerTask,
    _transferList: readonly MessagePort[],
    { onThread }: TaskCourse,
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

  #start(): PluginProcess {
    const child = new PluginProcess(this.#options, {
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
