/**
 * The host's end of a task in a worker: ready handshake, control calls, and
 * one outcome, whatever becomes of the thread.
 *
 * @module
 */

import * as Comlink from "comlink";
import { describeThrown, StreamrackError } from "../core/errors.ts";
import { settledWithin } from "../core/flow/settled_within.ts";
import type { LogEntry } from "../core/pipeline/segment.ts";
import { noteTask } from "./busy_threads.ts";
import type { GroupPool } from "./pool.ts";
import type { SegmentControl, WorkerNotice, WorkerTask } from "./protocol.ts";

/** A task without its control port, which {@linkcode RemoteTask} adds. */
type TaskWithoutControl = WorkerTask extends infer T ? T extends WorkerTask ? Omit<T, "control"> : never : never;

/** What a {@linkcode RemoteTask} is made of. */
export interface RemoteTaskOptions {
  readonly pool: GroupPool;
  readonly task: TaskWithoutControl;
  /** Ports that travel with the task. */
  readonly transfer?: readonly MessagePort[];
  /** For errors: whose thread it is. */
  readonly group: string;
  /** For errors: the node and the plugin, if there is only one in question. */
  readonly nodeId?: string | undefined;
  readonly pluginName?: string | undefined;
  onLog?(entry: LogEntry): void;
}

/** One task in a worker of a pool. */
export class RemoteTask<T> {
  /** What the task returned. Rejects with `worker-crashed` when its thread died, `session-cancelled` when it never started. */
  readonly result: Promise<T>;
  readonly #pool: GroupPool;
  readonly #control: Comlink.Remote<SegmentControl>;
  readonly #pending = new Set<(error: Error) => void>();
  #abandon!: (error: StreamrackError) => void;
  #threadId: number | undefined;
  #killError: StreamrackError | undefined;
  #failure: StreamrackError | undefined;

  constructor(options: RemoteTaskOptions) {
    const { pool, task, transfer = [], onLog } = options;
    this.#pool = pool;
    const { port1, port2 } = new MessageChannel();
    this.#control = Comlink.wrap<SegmentControl>(port1);
    const { started, ended } = this.#listen(port1, onLog);
    this.result = new Promise<T>((resolve, reject) => {
      this.#abandon = reject;
      pool.run({ ...task, control: port2 } as WorkerTask, [port2, ...transfer], started)
        .then(async (value) => {
          // The result may overtake what was logged before it, which comes on another port.
          await settledWithin(ended, LAST_NOTICE_TIMEOUT_MS);
          resolve(value as T);
        })
        .catch((thrown) => reject(this.#killError ?? crashError(thrown, options)))
        // Not before: a task that was given up in the queue still has to be told so when its turn comes.
        .finally(() => {
          // Comlink holds the port, and so all that hangs on it, until its proxy is released.
          this.#control[Comlink.releaseProxy]();
          port1.close();
        });
    });
    this.result.then(
      () => this.#endCalls(new StreamrackError("session-closed", "the session has ended")),
      (error) => this.#endCalls(error),
    );
  }

  /** Calls the worker. Rejects when the task ends before it answers. */
  call<K extends keyof SegmentControl>(
    method: K,
    ...args: Parameters<SegmentControl[K]>
  ): Promise<Awaited<ReturnType<SegmentControl[K]>>> {
    type Result = Awaited<ReturnType<SegmentControl[K]>>;
    return new Promise<Result>((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure);
      this.#pending.add(reject);
      const remote = this.#control[method] as unknown as (...args: unknown[]) => Promise<Result>;
      remote(...args).then(resolve, reject).finally(() => this.#pending.delete(reject));
    });
  }

  /**
   * Waits for the end of a task that was asked to end. If it does not come in
   * time, the thread is terminated, which ends whatever else it runs. A task
   * that has not reached a thread yet is given up at once.
   */
  async endWithin(timeoutMs: number): Promise<void> {
    // Not terminated, which a thread that has not said that it is ready might not survive.
    if (this.#threadId === undefined) {
      return this.#abandon(new StreamrackError("session-cancelled", "the task was given up before a thread was free"));
    }
    const ended = this.result.then(() => true, () => true);
    if (await settledWithin(ended, timeoutMs) === true) return;
    await this.#pool.terminate(this.#threadId);
    await settledWithin(ended, timeoutMs);
  }

  /** Terminates its thread at once. @param error What {@linkcode result} rejects with. */
  async kill(error: StreamrackError): Promise<void> {
    if (this.#threadId === undefined) return;
    this.#killError = error;
    await this.#pool.terminate(this.#threadId);
  }

  /** Listens to what the worker says of its own accord. */
  #listen(port: MessagePort, onLog: RemoteTaskOptions["onLog"]): { started: Promise<void>; ended: Promise<void> } {
    let start: () => void;
    let end: () => void;
    const started = new Promise<void>((resolve) => start = resolve);
    const ended = new Promise<void>((resolve) => end = resolve);
    port.addEventListener("message", ({ data }: MessageEvent<WorkerNotice>) => {
      if (data?.notice === "log") onLog?.(data.entry);
      else if (data?.notice === "end") end();
      else if (data?.notice === "ready") {
        this.#threadId = data.threadId;
        const noteEnd = noteTask(data.threadId);
        this.result.then(noteEnd, noteEnd);
        start();
      }
    });
    port.start();
    return { started, ended };
  }

  #endCalls(error: StreamrackError): void {
    this.#failure = error;
    for (const reject of this.#pending) reject(error);
    this.#pending.clear();
  }
}

/** How long the last notice of a task may come after its result, in milliseconds. It comes at once, unless it is withheld. */
const LAST_NOTICE_TIMEOUT_MS = 1_000;

function crashError(thrown: unknown, { group, nodeId, pluginName }: RemoteTaskOptions): StreamrackError {
  const reason = describeThrown(thrown);
  return new StreamrackError("worker-crashed", `a worker thread of group "${group}" ended: ${reason}`, {
    nodeId,
    pluginName,
    cause: thrown,
    remedy: "Open a new session; if it happens again, the plugin is at fault.",
  });
}
