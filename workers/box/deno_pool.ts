/**
 * The thread pool of a boxed group on Deno: a web worker, which alone can have
 * permissions of its own, and in it the pool of every other group, whose
 * threads have the same permissions and tell when they end.
 *
 * @module
 */

import { fromErrorEnvelope } from "../../core/error_envelope.ts";
import { StreamrackError } from "../../core/errors.ts";
import { settledWithin } from "../../core/flow/settled_within.ts";
import { PROCESSORS } from "../adapters/processors.ts";
import type { PoolOptions, TaskCourse, TaskPool } from "../pool.ts";
import type { WorkerTask } from "../protocol.ts";
import { type Box, denoPermissions } from "./box.ts";
import type { FromKeeper, ToKeeper } from "./keeper_messages.ts";

/** Both forms are spelled out, for packers. */
const KEEPER_URL: URL = import.meta.url.endsWith(".ts")
  ? new URL("./keeper.ts", import.meta.url)
  : new URL("./keeper.js", import.meta.url);

/** How long the end of a thread is waited for, in milliseconds. */
const END_TIMEOUT_MS = 5_000;
/** Of how many threads it is remembered why they were ended. */
const ENDS_KEPT = 64;

interface Pending {
  resolve(value: unknown): void;
  reject(error: Error): void;
  onThread(threadId: number): void;
}

/** The threads of one boxed group. */
export class DenoBoxPool implements TaskPool {
  readonly place = "worker thread";
  readonly #options: PoolOptions;
  readonly #box: Box;
  readonly #tasks = new Map<number, Pending>();
  readonly #terminating = new Map<number, () => void>();
  readonly #ended = new Map<number, StreamrackError>();
  #keeper: Worker | undefined;
  #threads = 0;
  #nextId = 1;
  #failure: Error | undefined;
  #idle: ReturnType<typeof setTimeout> | undefined;

  constructor(options: PoolOptions, box: Box) {
    this.#options = options;
    this.#box = box;
  }

  get threads(): number {
    return this.#threads;
  }

  run(
    task: WorkerTask,
    transferList: readonly MessagePort[],
    { started, givenUp, onThread }: TaskCourse,
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure);
      const id = this.#nextId++;
      this.#tasks.set(id, { resolve, reject, onThread });
      clearTimeout(this.#idle);
      this.#post({ t: "run", id, task: { ...task, box: this.#box.check } }, transferList);
      void started.then(() => this.#tasks.has(id) && this.#post({ t: "started", id }));
      void givenUp.then(() => this.#tasks.has(id) && this.#post({ t: "givenUp", id }));
    });
  }

  async terminate(threadId: number, why?: StreamrackError): Promise<void> {
    if (why !== undefined) this.#noteEnd(threadId, why);
    const id = this.#nextId++;
    const terminated = new Promise<void>((resolve) => this.#terminating.set(id, resolve));
    this.#post({ t: "terminate", id, threadId });
    await settledWithin(terminated, END_TIMEOUT_MS);
    this.#terminating.delete(id);
  }

  whyEnded(threadId: number): StreamrackError | undefined {
    return this.#ended.get(threadId);
  }

  close(): Promise<void> {
    this.#fail(new StreamrackError("runtime-closed", "the runtime was closed"));
    return Promise.resolve();
  }

  #post(message: ToKeeper, transferList: readonly MessagePort[] = []): void {
    this.#keeper ??= this.#start();
    this.#keeper.postMessage(message, [...transferList]);
  }

  #start(): Worker {
    const options = { type: "module", name: "streamrack box", deno: { permissions: denoPermissions(this.#box) } };
    const keeper = new Worker(KEEPER_URL, options as WorkerOptions);
    keeper.onmessage = ({ data }) => this.#hear(data as FromKeeper);
    keeper.onerror = (event) => {
      // Not the application's business: it would end the process.
      event.preventDefault();
      this.#fail(new Error(event.message));
    };
    const { maxThreads = PROCESSORS, tasksPerThread, idleTimeoutMs, workerEntry } = this.#options;
    const { env } = this.#box;
    keeper.postMessage(
      {
        t: "open",
        options: { maxThreads, tasksPerThread, idleTimeoutMs, env, workerEntry: workerEntry.href },
      } satisfies ToKeeper,
    );
    return keeper;
  }

  #hear(message: FromKeeper): void {
    this.#threads = message.threads;
    if (message.t === "placed") return this.#tasks.get(message.id)?.onThread(message.threadId);
    if (message.t === "terminated") return this.#terminating.get(message.id)?.();
    const pending = this.#tasks.get(message.id);
    this.#tasks.delete(message.id);
    if (this.#tasks.size === 0) this.#retireSoon();
    if (message.t === "result") return pending?.resolve(message.value);
    if (message.why !== undefined) {
      this.#noteEnd(message.why.threadId, StreamrackError.from(fromErrorEnvelope(message.why.error)));
    }
    pending?.reject(fromErrorEnvelope(message.error));
  }

  /** A web worker keeps the process alive for as long as it is there. */
  #retireSoon(): void {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      this.#keeper?.terminate();
      this.#keeper = undefined;
      this.#threads = 0;
    }, this.#options.idleTimeoutMs ?? 30_000);
  }

  #noteEnd(threadId: number, why: StreamrackError): void {
    if (this.#ended.has(threadId)) return;
    this.#ended.set(threadId, why);
    const [oldest] = this.#ended.keys();
    if (this.#ended.size > ENDS_KEPT) this.#ended.delete(oldest as number);
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    clearTimeout(this.#idle);
    this.#keeper?.terminate();
    this.#threads = 0;
    for (const { reject } of this.#tasks.values()) reject(this.#failure);
    this.#tasks.clear();
    for (const resolve of this.#terminating.values()) resolve();
  }
}
