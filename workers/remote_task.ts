/**
 * The host's end of a task in a worker: ready handshake, control calls, and
 * one outcome, whatever becomes of the thread.
 *
 * @module
 */

import { describeThrown, StreamrackError } from "../core/errors.ts";
import { settledWithin } from "../core/flow/settled_within.ts";
import type { LogEntry } from "../core/pipeline/segment.ts";
import { noteTask } from "./busy_threads.ts";
import { controlViolation } from "./control_messages.ts";
import { TaskControl } from "./task_control.ts";
import { LOG_BURST, LogTally, LogValve, readLogEntry } from "./log_valve.ts";
import { type TaskPool, UnsentTask } from "./pool.ts";
import type { SegmentControl, WorkerNotice, WorkerTask } from "./protocol.ts";
import { createTrunk, type TrunkEnds } from "./trunk.ts";

/** A task without its trunk, which {@linkcode RemoteTask} adds. */
type TaskWithoutTrunk = WorkerTask extends infer T ? T extends WorkerTask ? Omit<T, "trunk"> : never : never;

/** What a {@linkcode RemoteTask} is made of. */
export interface RemoteTaskOptions<T> {
  readonly pool: TaskPool;
  readonly task: TaskWithoutTrunk;
  /** Left open: what a dead thread has posted on its lines is still to be heard. Default: one of its own, for a task without links. */
  readonly trunk?: TrunkEnds | undefined;
  /** Ports that travel with the task. */
  readonly transfer?: readonly MessagePort[];
  /** For errors: whose thread it is. */
  readonly group: string;
  /** For errors: the node and the plugin, if there is only one in question. */
  readonly nodeId?: string | undefined;
  readonly pluginName?: string | undefined;
  /** Reads the result. Throws `protocol-violation` if it is none. */
  readResult(value: unknown, threadId: number): T;
  /** What its thread counts up while it turns, from 1; 0 before that. Absent where nobody sees it. */
  readonly beats?: (() => number) | undefined;
  /** Takes over what the task posts of its board; false if it is no such thing. */
  readonly onBoard?: ((words: unknown) => boolean) | undefined;
  /** Told, once, that all its nodes have ended well, with what they counted. Throws `protocol-violation` if that is none. */
  readonly onDone?: ((metrics: unknown) => void) | undefined;
  /** Receives what the nodes of the task log. */
  readonly log?: {
    readonly sessionId: string;
    /** Names of the plugins, by node id. */
    readonly plugins: ReadonlyMap<string, string>;
    onEntry(entry: LogEntry): void;
    /** Told of entries that were left out, since there were too many. */
    onDropped(count: number): void;
  } | undefined;
}

/** One task in a worker of a pool. */
export class RemoteTask<T> {
  /** What the task returned. Rejects with `worker-crashed` when its thread died, `session-cancelled` when it never started. */
  readonly result: Promise<T>;
  readonly #options: RemoteTaskOptions<T>;
  readonly #control: TaskControl;
  readonly #pending = new Set<(error: Error) => void>();
  /** For a worker that leaves its own valve out. One that was held up, or a host that was, must lose nothing by this one. */
  readonly #valve = new LogValve(4 * LOG_BURST);
  readonly #tally = new LogTally();
  #abandon!: (error: StreamrackError) => void;
  #giveUp!: () => void;
  /** As the pool says. */
  #threadId = 0;
  #isReady = false;
  #isDone = false;
  #hasEnded = false;
  /** Resolves when it has reached its thread. */
  readonly #started: Promise<void>;
  #start!: () => void;
  #end!: () => void;
  #killError: StreamrackError | undefined;
  /** Why it takes no more calls. An error is made where somebody is to have it: most tasks end with no call under way. */
  #whyOver: (() => StreamrackError) | undefined;

  constructor(options: RemoteTaskOptions<T>) {
    const { pool, task, transfer = [], readResult } = options;
    this.#options = options;
    const { near, far } = options.trunk ?? createTrunk();
    const started = this.#started = new Promise<void>((resolve) => this.#start = resolve);
    const ended = new Promise<void>((resolve) => this.#end = resolve);
    this.#control = new TaskControl(near, {
      onNotice: (notice, content) => this.#hear(notice, content),
      onClose: () => void this.#judgeClose(),
      onViolation: (error) => {
        // A thread that has posted something is up, whether it has said so or not.
        this.#isReady = true;
        void this.kill(this.#accused(error));
      },
    });
    this.result = new Promise<T>((resolve, reject) => {
      this.#abandon = reject;
      const onThread = (threadId: number) => void (this.#threadId = threadId);
      const givenUp = new Promise<void>((resolve) => this.#giveUp = resolve);
      pool.run({ ...task, trunk: far } as WorkerTask, [far, ...transfer], { started, givenUp, onThread })
        .then(async (value) => {
          const result = readResult(value, this.#threadId);
          // The result may overtake what was said before it, which comes on another port.
          await settledWithin(ended, LAST_NOTICE_TIMEOUT_MS);
          resolve(result);
        })
        .catch((thrown) => reject(this.#killError ?? this.#crashError(thrown)))
        // Not before: a task that was given up while its thread started still has to be told so.
        .finally(() => {
          this.#tellDropped();
          this.#control.close();
          if (options.trunk === undefined) near.close();
        });
    });
    this.result.then(
      () => this.#endCalls(() => new StreamrackError("session-closed", "the session has ended")),
      (error) => this.#endCalls(() => error),
    );
  }

  /** The thread that runs it; 0 before there is one. */
  get threadId(): number {
    return this.#threadId;
  }

  /**
   * Calls the worker. Rejects when the task ends before it answers.
   *
   * @param read Reads the answer. Throws `protocol-violation` if it is none.
   */
  call<K extends keyof SegmentControl, R>(
    method: K,
    read: (value: unknown) => R,
    ...args: Parameters<SegmentControl[K]>
  ): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      if (this.#whyOver !== undefined) return reject(this.#whyOver());
      this.#pending.add(reject);
      const remote = this.#control.remote[method] as unknown as (...args: unknown[]) => Promise<unknown>;
      remote(...args)
        .then((answer) => resolve(read(answer)))
        .catch((thrown) => {
          const error = StreamrackError.from(thrown);
          if (error.reason === "protocol-violation") void this.kill(this.#accused(error));
          reject(error);
        })
        .finally(() => this.#pending.delete(reject));
    });
  }

  /**
   * Waits for the end of a task that was asked to end. If it does not come in
   * time, the thread is terminated, which ends whatever else it runs. A task
   * that no thread was free for is given up at once, and one whose thread does
   * not start soon: such a thread may be dying, and nobody else should be put
   * there before that is known.
   */
  async endWithin(timeoutMs: number): Promise<void> {
    const ended = this.result.then(() => true, () => true);
    if (!this.#isReady && this.#threadId !== 0) {
      await settledWithin(Promise.race([this.#started, ended]), Math.min(timeoutMs, START_GRACE_MS));
    }
    // Not terminated, which a thread that has not said that it is ready might not survive.
    if (!this.#isReady) {
      this.#abandon(new StreamrackError("session-cancelled", "the task was given up before a thread was free"));
      return this.#giveUp();
    }
    if (await settledWithin(ended, timeoutMs) === true) return;
    await this.#terminate(this.#crashError(new Error(`it did not end within ${timeoutMs} ms when it was asked to`)));
  }

  /** Terminates its thread at once. @param error What {@linkcode result} rejects with. */
  async kill(error: StreamrackError): Promise<void> {
    if (!this.#isReady || this.#killError !== undefined) return;
    this.#killError = error;
    await this.#terminate(error);
  }

  async #terminate(error: StreamrackError): Promise<void> {
    await this.#options.pool.terminate(this.#threadId, error);
    // A thread that does not even end then, in foreign code, is left behind: nobody waits for it any longer.
    this.#abandon(error);
  }

  /** Listens to what the worker says of its own accord. */
  #hear(notice: WorkerNotice["notice"], content: unknown): void {
    if (notice === "end") {
      this.#hasEnded = true;
      return this.#end();
    }
    if (notice === "log") return this.#hearLog(content);
    if (notice === "done") return this.#hearDone(content);
    if (notice === "board") {
      if (this.#options.onBoard?.(content) === true) return;
      throw controlViolation("a board that is not its own", content);
    }
    if (this.#isReady) throw controlViolation("word that it is ready, twice");
    this.#isReady = true;
    const noteEnd = noteTask(this.#threadId);
    this.result.then(noteEnd, noteEnd);
    this.#start();
  }

  /** A thread that ends closes its ports, and its task rejects. One that does not has closed the trunk itself. */
  async #judgeClose(): Promise<void> {
    if (this.#hasEnded) return;
    const settled = this.result.then(() => true, () => true);
    const beatsBefore = this.#options.beats?.() ?? 0;
    for (let waitedMs = 0; waitedMs < THREAD_END_TIMEOUT_MS; waitedMs += THREAD_END_LOOK_MS) {
      if (await settledWithin(settled, THREAD_END_LOOK_MS) === true) return;
      // On a busy machine the word of an end may be long in coming; but who still turns has not ended.
      if (beatsBefore === 0 || this.#options.beats?.() !== beatsBefore) break;
    }
    await this.kill(this.#accused(controlViolation("nothing more: it has closed its trunk")));
  }

  #hearDone(metrics: unknown): void {
    const { onDone } = this.#options;
    if (onDone === undefined || !this.#isReady || this.#isDone) throw controlViolation("word that it is done");
    this.#isDone = true;
    onDone(metrics);
  }

  #hearLog(entry: unknown): void {
    const { log } = this.#options;
    if (log === undefined) throw controlViolation("a log entry, though it runs no node");
    if (!this.#tally.count()) throw controlViolation("more log entries than it may");
    const read = readLogEntry(entry, log);
    if (read === undefined) throw controlViolation("what is no log entry of its own", entry);
    if (!this.#valve.admit()) return;
    this.#tellDropped();
    log.onEntry(read);
  }

  #tellDropped(): void {
    const dropped = this.#valve.takeDropped();
    if (dropped > 0) this.#options.log?.onDropped(dropped);
  }

  #endCalls(why: () => StreamrackError): void {
    this.#whyOver = why;
    for (const reject of this.#pending) reject(why());
    this.#pending.clear();
  }

  /** The same error, with whose it is. */
  #accused({ detail, remedy, problems }: StreamrackError): StreamrackError {
    const { nodeId, pluginName } = this.#options;
    return new StreamrackError("protocol-violation", detail, { nodeId, pluginName, remedy, problems });
  }

  #crashError(thrown: unknown): StreamrackError {
    const { group, nodeId, pluginName, pool } = this.#options;
    if (thrown instanceof UnsentTask) {
      const { reason, detail, problems, remedy, cause } = thrown.error;
      return new StreamrackError(reason, detail, { nodeId, pluginName, problems, remedy, cause });
    }
    if (StreamrackError.is(thrown) && thrown.reason === "protocol-violation") return this.#accused(thrown);
    const why = pool.whyEnded(this.#threadId);
    // Forged answers to the pool are the fault of this thread's plugins, and of none of its tasks in particular.
    if (why?.reason === "protocol-violation" && why.pluginName === undefined) return this.#accused(why);
    // A limit that was exceeded is nobody's but this plugin's, which has the process to itself; and so is one that
    // could not be started as it must be.
    if (why?.reason === "memory-exceeded" || why?.reason === "unsupported-runtime") {
      const { detail, problems, remedy } = why;
      return new StreamrackError(why.reason, detail, { nodeId, pluginName, problems, remedy });
    }
    const reason = why === undefined ? describeThrown(thrown) : why.message;
    return new StreamrackError("worker-crashed", `a ${pool.place} of group "${group}" ended: ${reason}`, {
      nodeId,
      pluginName,
      cause: why ?? thrown,
      remedy: "Open a new session; if it happens again, the plugin is at fault.",
    });
  }
}

/** How long the report that a thread has ended may come after its ports have closed, in milliseconds; and when it is looked at. */
const THREAD_END_TIMEOUT_MS = 30_000;
const THREAD_END_LOOK_MS = 2_000;

/** How long the start of a thread is waited for whose task is not wanted any more, in milliseconds. */
const START_GRACE_MS = 1_000;

/** How long the last notice of a task may come after its result, in milliseconds. It comes at once, unless it is withheld. */
const LAST_NOTICE_TIMEOUT_MS = 1_000;
