/**
 * What the host and the keeper of a box on Deno say to each other. Types only.
 *
 * @module
 */

import type { ErrorEnvelope } from "../../core/error_envelope.ts";
import type { WorkerTask } from "../protocol.ts";

/** How the keeper keeps its threads. */
export interface KeeperOptions {
  readonly maxThreads: number | undefined;
  readonly tasksPerThread: number | undefined;
  readonly idleTimeoutMs: number | undefined;
  readonly env: { readonly [name: string]: string };
  readonly workerEntry: string;
}

/** From the host. */
export type ToKeeper =
  /** Sent first, and once. */
  | { readonly t: "open"; readonly options: KeeperOptions }
  | { readonly t: "run"; readonly id: number; readonly task: WorkerTask }
  /** A task has said that it is in its thread. */
  | { readonly t: "started"; readonly id: number }
  /** Nobody wants a task any more. */
  | { readonly t: "givenUp"; readonly id: number }
  | { readonly t: "terminate"; readonly id: number; readonly threadId: number };

/** From the keeper; each says how many threads are up. */
export type FromKeeper =
  & { readonly threads: number }
  & (
    /** The thread of a task has been chosen. */
    | { readonly t: "placed"; readonly id: number; readonly threadId: number }
    | { readonly t: "result"; readonly id: number; readonly value: unknown }
    | {
      readonly t: "failed";
      readonly id: number;
      readonly error: ErrorEnvelope;
      /** Why the thread was ended, where the keeper knows. */
      readonly why?: { readonly threadId: number; readonly error: ErrorEnvelope } | undefined;
    }
    | { readonly t: "terminated"; readonly id: number }
  );
