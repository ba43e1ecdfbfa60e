/**
 * The thread pool of one isolation group.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { Piscina } from "piscina";
import { StreamrackError } from "../core/errors.ts";
import { settledWithin } from "../core/flow/settled_within.ts";
import { PROCESSORS } from "./adapters/processors.ts";
import { controlViolation } from "./control_messages.ts";
import type { BoxCheck } from "./box/box.ts";
import type { WorkerTask } from "./protocol.ts";
import { TaskQueue } from "./task_queue.ts";

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
  /** Flags of the runtime for its threads. Default: those of the process. */
  readonly execArgv?: readonly string[] | undefined;
  /** Environment of its threads. Default: that of the process. */
  readonly env?: { readonly [name: string]: string } | undefined;
  /** What each of its threads is to close before it loads a plugin. Default: what a task says. */
  readonly boxCheck?: BoxCheck | undefined;
  /** The worker's entry module, for bundles in which it has moved. Default: the one of this package. */
  readonly workerEntry: URL;
}

/** Where the tasks of a group run: threads, or child processes. */
export interface TaskPool {
  /** What ends when a task dies, for errors. */
  readonly place: string;
  /** Threads or processes that are up. */
  readonly threads: number;
  /** Runs a task to its end. Rejects if its thread dies, and with an {@linkcode UnsentTask} if it cannot be handed over. */
  run(task: WorkerTask, transferList: readonly MessagePort[], course: TaskCourse): Promise<unknown>;
  /**
   * Ends a thread at once; its tasks reject. Only for threads that have said that they are ready.
   *
   * @param why What its other tasks are told.
   */
  terminate(threadId: number, why?: StreamrackError): Promise<void>;
  /** Why a thread was ended, where that was done on purpose and with a reason. */
  whyEnded(threadId: number): StreamrackError | undefined;
  /** Ends all threads. */
  close(): Promise<void>;
}

/** What pool and task tell each other while it runs. */
export interface TaskCourse {
  /** Resolves when the task has reached its thread. */
  readonly started: Promise<unknown>;
  /** Resolves when nobody wants the task any more. If it still waits for a thread, it never runs, and `run` rejects. */
  readonly givenUp: Promise<unknown>;
  /** Told which thread has been chosen for it, before the task is posted there. */
  onThread(threadId: number): void;
}

/** Why a task was not even handed over: it is at fault, and whoever was to run it is not. */
export class UnsentTask extends Error {
  readonly error: StreamrackError;

  constructor(error: StreamrackError) {
    super(error.message);
    this.error = error;
  }
}

/** How long the end of a terminated thread is waited for, in milliseconds. */
const TERMINATE_TIMEOUT_MS = 5_000;

/** How many tasks one thread takes, unless an option says otherwise. */
export const TASKS_PER_THREAD = 256;

/** Of how many threads it is remembered why they were ended. */
const ENDS_KEPT = 64;

/** Told in which thread a task will run. */
interface Placement {
  onThread(threadId: number): void;
}

/** The threads of one group. They start when they are needed. */
export class GroupPool implements TaskPool {
  readonly place = "worker thread";
  readonly #piscina: Piscina;
  readonly #queue = new TaskQueue();
  readonly #boxCheck: BoxCheck | undefined;
  readonly #waiting = new Set<(error: Error) => void>();
  /** Threads that are being terminated. */
  readonly #terminating = new Map<number, Promise<unknown>>();
  /** Why threads were ended that were ended by us. */
  readonly #ended = new Map<number, StreamrackError>();

  constructor(options: PoolOptions) {
    const maxThreads = options.maxThreads ?? PROCESSORS;
    const tasksPerThread = options.tasksPerThread ?? TASKS_PER_THREAD;
    const { execArgv, env } = options;
    this.#boxCheck = options.boxCheck;
    this.#piscina = new Piscina({
      filename: fileURLToPath(options.workerEntry),
      minThreads: 0,
      maxThreads,
      concurrentTasksPerWorker: tasksPerThread,
      idleTimeout: options.idleTimeoutMs ?? 30_000,
      ...(options.maxHeapMb === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: options.maxHeapMb } }),
      ...(execArgv === undefined ? {} : { execArgv: [...execArgv] }),
      ...(env === undefined ? {} : { env: { ...env } }),
      // The default parks the thread in Atomics.wait between tasks, which stops the timers of plugins.
      atomics: "disabled",
      recordTiming: false,
      taskQueue: this.#queue,
      // An idle thread first, then a new one, and only then a share of the least busy one. (Piscina's own
      // balancer fills the first thread to its limit before it starts a second.)
      loadBalancer: (task, workers) => {
        const chosen = choose(workers);
        // A thread could name another as its own: where a task runs is known from here alone.
        if (chosen !== null) placementOf(task)?.onThread(chosen.id);
        return chosen;
      },
    });
    this.#piscina.on(
      "workerCreate",
      (thread: object) => guardResponses(thread, (threadId, error) => this.#noteEnd(threadId, error)),
    );
    const choose = <T extends PoolThread>(workers: readonly T[]): T | null => {
      const usable = workers.filter((worker) => !worker.terminating && !worker.destroyed);
      const least = usable.reduce<T | null>(
        (best, worker) => best === null || worker.currentUsage < best.currentUsage ? worker : best,
        null,
      );
      if (least === null || least.currentUsage === 0) return least;
      return usable.length < maxThreads || least.currentUsage >= tasksPerThread ? null : least;
    };
    // A thread that dies without a task has died while it started: Piscina leaves the tasks that wait for it waiting.
    this.#piscina.on("error", (error: Error) => {
      for (const reject of this.#waiting) reject(error);
    });
  }

  /** Runs a task to its end. Rejects if its thread dies. */
  run(
    task: WorkerTask,
    transferList: readonly MessagePort[],
    { started, givenUp, onThread }: TaskCourse,
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#waiting.add(reject);
      const settled = () => void this.#waiting.delete(reject);
      void started.then(settled);
      const placement: Placement = { onThread };
      void givenUp.then(() => {
        if (!this.#queue.giveUp(placement)) return;
        // Piscina knows nothing of it any more, and settles nothing.
        settled();
        reject(new Error("it was given up"));
      });
      // A key that is a symbol is not posted with the rest.
      const box = this.#boxCheck ?? task.box;
      const placed = { ...task, box, [Piscina.queueOptionsSymbol]: placement };
      this.#piscina.run(placed, { transferList: [...transferList] as never })
        .then(resolve, reject)
        .finally(settled);
    });
  }

  /**
   * Ends a thread at once; its tasks reject. Only for threads that have said that they are ready.
   *
   * @param why What its other tasks are told.
   */
  async terminate(threadId: number, why?: StreamrackError): Promise<void> {
    const thread = this.#piscina.threads.find((candidate) => candidate.threadId === threadId);
    if (thread === undefined) return;
    if (why !== undefined) this.#noteEnd(threadId, why);
    // Each of its sessions may ask, and each call would put another listener on the thread.
    const ending = this.#terminating.get(threadId) ??
      thread.terminate().finally(() => this.#terminating.delete(threadId));
    this.#terminating.set(threadId, ending);
    await settledWithin(ending, TERMINATE_TIMEOUT_MS);
  }

  /** Why a thread was ended, where that was done by {@linkcode GroupPool.terminate} with a reason. */
  whyEnded(threadId: number): StreamrackError | undefined {
    return this.#ended.get(threadId);
  }

  #noteEnd(threadId: number, why: StreamrackError): void {
    if (this.#ended.has(threadId)) return;
    this.#ended.set(threadId, why);
    // Whoever asks does so when the thread has just ended.
    const [oldest] = this.#ended.keys();
    if (this.#ended.size > ENDS_KEPT) this.#ended.delete(oldest as number);
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

/** What the load balancer of Piscina sees of a thread. */
interface PoolThread {
  readonly id: number;
  readonly currentUsage: number;
  readonly terminating: boolean;
  readonly destroyed: boolean;
}

function placementOf(task: object): Placement | undefined {
  return (task as { readonly [key: symbol]: Placement | undefined })[Piscina.queueOptionsSymbol];
}

/** The parts of a thread of Piscina's that answer its tasks. */
interface Responses {
  readonly worker: { readonly threadId: number; terminate(): Promise<unknown> };
  readonly taskInfos: ReadonlyMap<unknown, unknown>;
  onMessage(message: unknown): void;
}

/**
 * Looks at what a thread answers before Piscina does, which takes it to be an
 * answer, and would throw where nobody could catch it. Plugin code can take
 * hold of the port on which it comes.
 */
function guardResponses(thread: object, onViolation: (threadId: number, error: StreamrackError) => void): void {
  const responses = Object.getOwnPropertySymbols(thread)
    .map((key) => (thread as { readonly [key: symbol]: unknown })[key])
    .find((part): part is Responses => (part as Partial<Responses> | undefined)?.taskInfos instanceof Map);
  if (responses === undefined) {
    throw new StreamrackError("protocol-violation", "this is not the version of piscina that is wanted");
  }
  const { worker } = responses;
  const { threadId } = worker;
  const onMessage = responses.onMessage.bind(responses);
  responses.onMessage = (message) => {
    const { taskId, error } = (typeof message === "object" && message !== null ? message : {}) as {
      readonly taskId?: unknown;
      readonly error?: unknown;
    };
    if (responses.taskInfos.has(taskId) && error !== undefined) return onMessage(message);
    onViolation(threadId, controlViolation("the answer to a task that it does not have", message));
    void worker.terminate();
  };
}
