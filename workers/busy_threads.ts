/**
 * How many threads are at work, told to all of them through shared memory.
 *
 * @module
 */

import { setCrowding } from "../core/flow/vigil.ts";
import { PROCESSORS } from "./adapters/processors.ts";

/** Tasks by thread, as the host knows them. */
const tasks = new Map<number, number>();

/** One word: threads that have a task. Absent without shared memory. */
const memory = typeof SharedArrayBuffer === "undefined" ? undefined : new SharedArrayBuffer(4);

/** The host's memory, to be handed to each worker. */
export function busyThreadsMemory(): SharedArrayBuffer | undefined {
  watchBusyThreads(memory);
  return memory;
}

/** Notes in the host that a task runs in a thread. Gives the function that notes its end. */
export function noteTask(threadId: number): () => void {
  const before = tasks.get(threadId) ?? 0;
  tasks.set(threadId, before + 1);
  if (before === 0) add(1);
  let isOver = false;
  return () => {
    if (isOver) return;
    isOver = true;
    const left = (tasks.get(threadId) ?? 1) - 1;
    if (left > 0) {
      tasks.set(threadId, left);
      return;
    }
    tasks.delete(threadId);
    add(-1);
  };
}

let isWatching = false;

/** Lets the waits of this thread know how many threads are at work. A thread has one host, so the first call counts. */
export function watchBusyThreads(shared: SharedArrayBuffer | undefined): void {
  if (shared === undefined || isWatching) return;
  isWatching = true;
  const words = new Int32Array(shared);
  // The host works as well.
  setCrowding(() => Atomics.load(words, 0) + 1 > PROCESSORS);
}

function add(count: number): void {
  if (memory !== undefined) Atomics.add(new Int32Array(memory), 0, count);
}
