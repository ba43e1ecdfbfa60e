/**
 * The watch over nodes with a deadline, from outside of their thread: a node
 * that computes for ever lets no timer of its own thread run.
 *
 * @module
 */

import { DEADLINE_GRACE_MS } from "../core/pipeline/attempts.ts";
import type { StepWatch } from "../core/pipeline/node_runner.ts";
import type { PlanNode } from "../core/pipeline/plan.ts";

/** How often the host looks, in milliseconds. */
const LOOK_EVERY_MS = 250;

/** The time of day in a 32-bit word, never 0, which stands for a node that is not at work. */
function nowStamp(): number {
  return (Date.now() & 0x7fff_ffff) || 1;
}

/** The worker's side: writes down since when a node is at work. */
export function openStepWatch(memory: SharedArrayBuffer, index: number): StepWatch {
  const words = new Int32Array(memory);
  return {
    begin: () => void Atomics.store(words, index, nowStamp()),
    end: () => void Atomics.store(words, index, 0),
  };
}

/** The host's side. */
export class StepWatcher {
  /** To be given to the worker: a word for each node. Absent where no node has a deadline. */
  readonly memory: SharedArrayBuffer | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** @param onStuck Called once, for the first node that is found at work long after its deadline. */
  constructor(nodes: readonly PlanNode[], onStuck: (node: PlanNode, deadlineMs: number) => void) {
    const watched = nodes.flatMap((node, index) => {
      const { deadlineMs } = node.policy ?? {};
      return deadlineMs === undefined ? [] : [{ node, index, deadlineMs }];
    });
    if (watched.length === 0 || typeof SharedArrayBuffer === "undefined") return;
    this.memory = new SharedArrayBuffer(4 * nodes.length);
    const words = new Int32Array(this.memory);
    this.#timer = setInterval(() => {
      const now = nowStamp();
      for (const { node, index, deadlineMs } of watched) {
        const since = Atomics.load(words, index);
        // The thread itself enforces the deadline within the grace, if it can.
        if (since === 0 || ((now - since) & 0x7fff_ffff) <= deadlineMs + 2 * DEADLINE_GRACE_MS) continue;
        this.stop();
        return onStuck(node, deadlineMs);
      }
    }, LOOK_EVERY_MS);
    (this.#timer as { unref?(): void }).unref?.();
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
