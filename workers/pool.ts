/**
 * The thread pool of one isolation group.
 *
 * @module
 */

import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { Piscina } from "piscina";
import { settledWithin } from "../core/flow/settled_within.ts";
import type { WorkerTask } from "./protocol.ts";

/** How the threads of a group are kept. */
export interface PoolOptions {
  /** Most threads per group. Default: the number of processors. */
  readonly maxThreads?: number | undefined;
  /** How many tasks one thread takes when all threads are busy. Default: 256. */
  readonly tasksPerThread?: number | undefined;
  /** Most heap of one thread, in MiB. Default: the runtime's own limit. */
  readonly maxHeapMb?: number | undefined;
  /** How long an idle thread is kept for the next session, in milliseconds. Default: 30 000. */
  readonly idleTimeoutMs?: number | undefined;
  /** The worker's entry module, for bundles in which it has moved. Default: the one of this package. */
  readonly workerEntry: URL;
}

/** How long the end of a terminated thread is waited for, in milliseconds. */
const TERMINATE_TIMEOUT_MS = 5_000;

/** The threads of one group. They start when they are needed. */
export class GroupPool {
  readonly #piscina: Piscina;
  readonly #waiting = new Set<(error: Error) => void>();

  constructor(options: PoolOptions) {
    const maxThreads = options.maxThreads ?? availableParallelism();
    const tasksPerThread = options.tasksPerThread ?? 256;
    this.#piscina = new Piscina({
      filename: fileURLToPath(options.workerEntry),
      minThreads: 0,
      maxThreads,
      concurrentTasksPerWorker: tasksPerThread,
      idleTimeout: options.idleTimeoutMs ?? 30_000,
      ...(options.maxHeapMb === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: options.maxHeapMb } }),
      // The default parks the thread in Atomics.wait between tasks, which stops the timers of plugins.
      atomics: "disabled",
      recordTiming: false,
      // An idle thread first, then a new one, and only then a share of the least busy one. (Piscina's own
      // balancer fills the first thread to its limit before it starts a second.)
      loadBalancer: (_task, workers) => {
        const usable = workers.filter((worker) => !worker.terminating && !worker.destroyed);
        const least = usable.reduce<typeof usable[number] | null>(
          (best, worker) => best === null || worker.currentUsage < best.currentUsage ? worker : best,
          null,
        );
        if (least === null || least.currentUsage === 0) return least;
        return usable.length < maxThreads || least.currentUsage >= tasksPerThread ? null : least;
      },
    });
    // A thread that dies without a task has died while it started: Piscina leaves the tasks that wait for it waiting.
    this.#piscina.on("error", (error: Error) => {
      for (const reject of this.#waiting) reject(error);
    });
  }

  /**
   * Runs a task to its end. Rejects if its thread dies.
   *
   * @param started Resolves when the task has reached its thread.
   */
  run(task: WorkerTask, transferList: readonly MessagePort[], started: Promise<unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#waiting.add(reject);
      void started.then(() => this.#waiting.delete(reject));
      this.#piscina.run(task, { transferList: [...transferList] as never })
        .then(resolve, reject)
        .finally(() => this.#waiting.delete(reject));
    });
  }

  /** Ends a thread at once; its tasks reject. Only for threads that have said that they are ready. */
  async terminate(threadId: number): Promise<void> {
    const thread = this.#piscina.threads.find((candidate) => candidate.threadId === threadId);
    if (thread !== undefined) await settledWithin(thread.terminate(), TERMINATE_TIMEOUT_MS);
  }

  /** Threads that are up. */
  get threads(): number {
    return this.#piscina.threads.length;
  }

  /** Ends all threads. */
  async close(): Promise<void> {
    await settledWithin(this.#piscina.destroy(), TERMINATE_TIMEOUT_MS);
  }
}
