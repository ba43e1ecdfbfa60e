/**
 * StreamingNode: the contract that a node implements, and what it is given.
 *
 * @module
 */

import type { Channels } from "../channels/channel_manager.ts";
import type { DataKind, DataOf, JsonValue, RuntimeData } from "../data/types.ts";
import type { PartialOutput, Progress } from "./progress.ts";

/** What a port accepts or gives: kinds of RuntimeData, or `"any"` of them. */
export type PortKinds = readonly (DataKind | "any")[];

/** Ports by name, each with the kinds that may pass through it. */
export type Ports = { readonly [port: string]: PortKinds };

type KindOf<K extends PortKinds> = "any" extends K[number] ? RuntimeData : DataOf<Extract<K[number], DataKind>>;

type IsUnion<T, All = T> = [T] extends [never] ? false
  : T extends unknown ? ([All] extends [T] ? false : true)
  : never;

/** Whether there is exactly one port, whose values then travel without its name. */
type IsSingle<P extends Ports> = IsUnion<keyof P> extends true ? false : true;

/**
 * How a node with several sources takes their values.
 *
 * - `"any"`: one at a time, in order of arrival (the default);
 * - `"zip"`: one of every port together, first with first, second with second; a port that has ended is left out.
 *   Where a queue has dropped a value, its partners are dropped as well;
 * - `"zip-timestamp"`: one of every port together, those of the same timestamp (within half a chunk);
 * - `"latest"`: whatever comes, together with a copy of the latest of every other port; nothing until each has one;
 * - `"time"`: one at a time, always from the source that is furthest behind in media time, by its timestamps;
 * - `"duration"`: the same, but all sources start together, whatever their timestamps say.
 */
export type Alignment = "any" | "zip" | "zip-timestamp" | "latest" | "time" | "duration";

/** Whether an alignment gives one value of every port together. */
export function joinsPorts(align: Alignment | undefined): boolean {
  return align === "zip" || align === "zip-timestamp" || align === "latest";
}

/**
 * What `process` is given: the value itself where the node declares one input
 * port, else an object by port name, which holds one port (`"any"`, `"time"`,
 * `"duration"`) or all of them (`"zip"`, `"zip-timestamp"`, `"latest"`).
 */
export type ProcessInput<I extends Ports> = IsSingle<I> extends true ? KindOf<I[keyof I]>
  : { readonly [P in keyof I]?: KindOf<I[P]> };

/** What `process` and `flush` give: the value itself where the node declares one output port, else an object by port name. */
export type ProcessOutput<O extends Ports> = IsSingle<O> extends true ? KindOf<O[keyof O]>
  : { readonly [P in keyof O]?: KindOf<O[P]> };

/**
 * One value, none, a promise, an iterable or an async iterable: each way of
 * answering is allowed, and each value may be marked with
 * {@linkcode partial} as not the final one.
 */
export type NodeResult<T> =
  | Given<T>
  | void
  | Promise<Given<T> | void>
  | Iterable<Given<T>>
  | AsyncIterable<Given<T>>;

type Given<T> = T | PartialOutput<T>;

/** One incoming connection of a node. */
export interface NodeSource {
  /** Input port that it leads to. */
  readonly port: string;
  /** Id of the node it comes from; `undefined` for the input of the session. */
  readonly from: string | undefined;
  /** Whether it has ended. Changes while the session runs. */
  readonly ended: boolean;
}

/** What accompanies each call of `process`. */
export interface ItemContext {
  /** Where the value came from. Where the values of several ports come together, the source of the first. */
  readonly source: NodeSource;
  /** Position of the value among those of its source, from 0. A gap shows that values were dropped. */
  readonly sequence: number;
  /** How many values of the source are missing right before this one: dropped by a queue, a flush or a crash. */
  readonly missing: number;
  /** Counts from 1. More when the value was given to this node before: after a failure (retry), or a crash (replay). */
  readonly attempt: number;
  /** Whether more of the same result follows. What the node gives for it is then marked as partial as well. */
  readonly isPartial: boolean;
  /** How far the node before is, where it tells. */
  readonly progress: Progress | undefined;
  /**
   * Aborts when the session is cancelled, or when this value is dropped by a
   * flush or has passed its deadline: pass it to whatever the node waits for.
   */
  readonly signal: AbortSignal;
}

/** How urgent a log entry is. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** Writes to the application's log, with node and plugin added. */
export type NodeLog = {
  readonly [L in LogLevel]: (message: string, details?: { readonly [key: string]: JsonValue }) => void;
};

/** What `create` is given. */
export interface NodeContext<Params = unknown> {
  /** The parameters after validation, with defaults filled in. */
  readonly params: Params;
  /** Id of the node in its manifest. */
  readonly nodeId: string;
  /** The incoming connections, in the order of the manifest. */
  readonly sources: readonly NodeSource[];
  /** Aborts when the session is cancelled. */
  readonly signal: AbortSignal;
  readonly log: NodeLog;
  /**
   * The session's place in a distributed trace, as the W3C header of that name
   * (`00-<trace id>-<span id>-<flags>`): a node that calls other services
   * sends it along. `undefined` where the application does not trace.
   */
  readonly traceparent?: string | undefined;
  /**
   * Named channels of the application, where it lets nodes use any: to publish
   * beside the outputs, and to subscribe to what other parts of it say. When
   * the node's part of the session ends, its subscriptions end as well, and
   * what still waits for room is refused.
   */
  readonly channels?: Channels | undefined;
}

/**
 * A streaming processor. One call runs at a time, in the order of arrival.
 *
 * The values that a node receives are its own: it may change them in place
 * and pass them on. What it yields belongs to the pipeline from then on.
 */
export interface StreamingNode<I extends Ports = Ports, O extends Ports = Ports> {
  /** How this one takes its sources, where that depends on its parameters. Default: `align` of the definition. */
  readonly align?: "any" | "time" | "duration" | undefined;
  /** Answers one input with no, one or many outputs, also over time. */
  process(input: ProcessInput<I>, item: ItemContext): NodeResult<ProcessOutput<O>>;
  /**
   * Called each time the node has to wait for its next input: gives values of
   * its own accord, such as those that come from another machine. It ends when
   * the signal aborts, which says that there is input, or that none will come:
   * the input waits until it has. Not called again until the next wait.
   */
  idle?(signal: AbortSignal): NodeResult<ProcessOutput<O>>;
  /** Called once after the last input: gives what is still held back. */
  flush?(): NodeResult<ProcessOutput<O>>;
  /**
   * Called after `session.flush()`, before the next input: drops what is held
   * back. A node that keeps nothing from one input to the next needs none.
   */
  reset?(): void | Promise<void>;
  /** Called once at the end, whatever the end was. */
  [Symbol.asyncDispose]?(): void | Promise<void>;
}
