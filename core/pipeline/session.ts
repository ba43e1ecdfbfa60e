/**
 * Session: one running plan, as the application sees it.
 *
 * @module
 */

import type { RuntimeData } from "../data/types.ts";
import type { Progress } from "../node/progress.ts";
import type { SessionMetrics, SessionState } from "./metrics.ts";
import type { PlanPort } from "./plan.ts";

/** One value that a session gives. */
export interface SessionOutput {
  /** The node that it comes from. */
  readonly nodeId: string;
  /** The output port of that node. */
  readonly port: string;
  readonly data: RuntimeData;
  /** Counts from 0 for each port. A gap shows that values were dropped. */
  readonly sequence: number;
  /** How many values of the port are missing right before this one: dropped by a queue, a flush or a crash. */
  readonly missing: number;
  /** Whether more of the same result follows. */
  readonly isPartial: boolean;
  /** How far the node is with the result, where it tells. */
  readonly progress: Progress | undefined;
}

/** Where a value goes, and whose it is afterwards. */
export interface SendOptions {
  /** Node that receives it. May be left out if the session has one input. */
  readonly to?: string | undefined;
  /** Input port of that node. May be left out if the node has one that is not connected. */
  readonly port?: string | undefined;
  /** Send a copy and keep the value. Default: false; the value belongs to the pipeline from then on. */
  readonly copy?: boolean | undefined;
}

/** What the writable side of a session takes: a value, or a value with where it goes. */
export type SessionInput = RuntimeData | (SendOptions & { readonly data: RuntimeData });

/** One running plan. Iterate it for its outputs; `await using` ends it. */
export interface Session extends AsyncIterable<SessionOutput> {
  readonly id: string;
  readonly state: SessionState;
  /** Ports that take values from {@linkcode Session.send}. */
  readonly inputs: readonly PlanPort[];
  /** Ports whose values come out of the iteration. */
  readonly outputs: readonly PlanPort[];

  /**
   * Sends a value; resolves when there is room for it. Values sent without
   * waiting keep their order.
   *
   * The value belongs to the pipeline from then on, whether or not its bytes
   * were moved: use it no more, or send it with `{ copy: true }`. When the
   * promise rejects, the value is untouched and yours again.
   *
   * @throws {StreamrackError} `unknown-target`, `wrong-kind`, `invalid-data`, `detached-data`, `session-closed`, or what the session failed with.
   */
  send(data: RuntimeData, options?: SendOptions): Promise<void>;

  /** Ends the input: what is under way drains, nodes flush, then the iteration ends. May be repeated. */
  finish(): Promise<void>;

  /**
   * Drops everything that is under way, at once and at every stage, and keeps
   * the session: what is sent from now on flows as before. Nodes that are
   * busy see the `signal` of their item abort.
   */
  flush(): void;

  /**
   * Ends the session now: what is under way is dropped, nodes see their
   * `signal` abort, the iteration rejects with `session-cancelled`. Resolves
   * when everything is closed. May be repeated.
   *
   * @param reason Becomes the cause of the error.
   */
  cancel(reason?: unknown): Promise<void>;

  /**
   * Counts and times of every node, now or at the end. While a thread is in a
   * computation of over a second, its nodes are missing.
   */
  metrics(): Promise<SessionMetrics>;

  /** The outputs as a web stream. Reading it is the iteration: a session has one reader. */
  readonly readable: ReadableStream<SessionOutput>;
  /** The inputs as a web stream: closing it finishes the session, aborting it cancels. */
  readonly writable: WritableStream<SessionInput>;

  /** Cancels the session if it still runs, and waits until everything is closed. */
  [Symbol.asyncDispose](): Promise<void>;
}
