/**
 * What host and child say to each other of tasks. Types only.
 *
 * @module
 */

import type { ErrorEnvelope } from "../../core/error_envelope.ts";
import type { WorkerTask } from "../protocol.ts";

/** From the host to the child. */
export interface ToChild {
  /** Number of the task, from 1. */
  readonly id: number;
  readonly task: WorkerTask;
}

/** From the child to the host. */
export type FromChild =
  /** Sent once: tasks may come. */
  | { readonly t: "ready" }
  | { readonly t: "result"; readonly id: number; readonly value: unknown }
  | { readonly t: "failed"; readonly id: number; readonly error: ErrorEnvelope };
