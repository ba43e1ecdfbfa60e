/**
 * The tasks of a pool that wait for a thread.
 *
 * @module
 */

import { Piscina, type TaskQueue as PiscinaTaskQueue } from "piscina";

type QueuedTask = NonNullable<ReturnType<PiscinaTaskQueue["shift"]>>;

/**
 * A queue for Piscina from which a task can be taken that nobody wants any
 * more. (Piscina's own way to do that is an abort signal, and to a thread with
 * a task that has one it gives no other.)
 */
export class TaskQueue implements PiscinaTaskQueue {
  readonly #tasks: QueuedTask[] = [];

  get size(): number {
    return this.#tasks.length;
  }

  push(task: QueuedTask): void {
    this.#tasks.push(task);
  }

  shift(): QueuedTask | null {
    return this.#tasks.shift() ?? null;
  }

  remove(task: QueuedTask): void {
    const index = this.#tasks.indexOf(task);
    if (index >= 0) this.#tasks.splice(index, 1);
  }

  /** Takes off the task that has these options, under the symbol of Piscina. False if it does not wait here. */
  giveUp(options: object): boolean {
    const optionsOf = (task: object) => (task as { readonly [key: symbol]: unknown })[Piscina.queueOptionsSymbol];
    const task = this.#tasks.find((waiting) => optionsOf(waiting) === options);
    if (task === undefined) return false;
    this.remove(task);
    return true;
  }
}
