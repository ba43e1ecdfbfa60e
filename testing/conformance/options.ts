/**
 * What the conformance suite needs to know, and what it finds.
 *
 * @module
 */

import type { JsonValue, RuntimeData } from "../../core/data/types.ts";

/** What the suite needs to know of a node type to try it. */
export interface NodeConformanceOptions {
  /** Parameters to run it with. Default: none, or the least that the schema asks for. */
  readonly params?: JsonValue;
  /** Values to run it with, by input port, in order. Default: some of each kind that the port takes. */
  readonly samples?: { readonly [port: string]: readonly RuntimeData[] };
  /** Whether the same inputs give the same outputs. Default: true. */
  readonly deterministic?: boolean;
  /** Whether audio gives the same samples however it is cut into chunks; checked if true. Default: false. */
  readonly chunkInvariant?: boolean;
  /** Whether it keeps something over a `reset` on purpose, such as a count. Default: false. */
  readonly keepsOverReset?: boolean;
}

/** How the suite runs. */
export interface ConformanceOptions {
  /** By node type. */
  readonly nodes?: { readonly [nodeType: string]: NodeConformanceOptions };
  /** After how long a node counts as stuck, in milliseconds. Default: 10 000. */
  readonly stuckAfterMs?: number;
}

/** One check, for any test runner: `it(check.name, check.run)`. */
export interface ConformanceCheck {
  /** What is checked, with the node type in front. */
  readonly name: string;
  /** Rejects with a StreamrackError if the plugin does not keep to it. */
  readonly run: () => Promise<void>;
}

/** One thing that a plugin does not keep to. */
export interface ConformanceFinding {
  /** Name of the check. */
  readonly check: string;
  readonly error: Error;
}
