/**
 * What happens in one round of the campaign, drawn from its seed.
 *
 * @module
 */

import type { Delivery, Manifest, RestartOptions } from "../../../mod.ts";
import type { Size } from "../../_support/numbered.ts";
import { Random } from "../../_support/random.ts";

/** Ways of nodes to break, and of worker entries. */
export type Fault =
  | "none"
  | "throw"
  | "reject"
  | "reject-late"
  | "exit"
  | "loop"
  | "hang"
  | "wait"
  | "memory"
  | EntryFault;

type EntryFault =
  | "exit-before-ready"
  | "exit-after-ready"
  | "garbage-on-links"
  | "garbage-in-rings"
  | "garbage-on-control";

/** Connected nodes `a`, `b` and `c`. Fan-in: `a` and `b` lead to `c`; fan-out: `a` leads to both. */
export type Topology = "fused" | "chain" | "fan-out" | "fan-in";

/** What the application does meanwhile. */
export type Action = "finish" | "flush" | "cancel" | "leave" | "close";

/** One round. */
export interface Round {
  readonly seed: number;
  readonly fault: Fault;
  readonly moment: "before" | "amid" | "after" | "create" | "flush" | "reset" | "dispose";
  /** How often it happens. */
  readonly times: number;
  readonly topology: Topology;
  /** The nodes that break. */
  readonly culprits: readonly string[];
  readonly delivery: Delivery;
  readonly sharedMemory: boolean;
  readonly size: Size;
  readonly restart: RestartOptions;
  readonly retries: boolean;
  readonly count: number;
  readonly at: readonly number[];
  readonly action: Action;
  /** Before which value the action is taken. */
  readonly actionAt: number;
  /** Whether the reader pauses between two values. */
  readonly isReaderSlow: boolean;
  readonly maxItems: number | undefined;
}

/** Draws a round. @param hasHeapLimit Whether the runtime survives a node that takes all memory. */
export function drawRound(seed: number, hasHeapLimit: boolean): Round {
  const random = new Random(seed);
  // Neighbouring seeds begin alike.
  for (let i = 0; i < 8; i++) random.unit();
  const count = random.integer(20, 60);
  const fault = drawFault(random, hasHeapLimit);
  const isSlow = fault === "loop" || fault === "memory" || fault === "hang";
  const moments = ["before", "before", "amid", "after", "create", "flush", "reset", "dispose"] as const;
  const topology = random.pick(["fused", "chain", "chain", "fan-out", "fan-in"] as const);
  const action = random.pick(
    ["finish", "finish", "finish", "finish", "finish", "flush", "flush", "cancel", "leave", "close"] as const,
  );
  // What does not end by itself can only be ended by a deadline, which only inputs have.
  const moment = isSlow || fault === "wait" ? random.pick(["before", "amid", "after"] as const) : random.pick(moments);
  return {
    seed,
    fault,
    moment,
    times: isSlow ? 1 : random.integer(1, 2),
    topology,
    culprits: random.pick([["a"], ["b"], ["c"], ["a", "c"]]),
    delivery: random.pick(["at-least-once", "at-most-once"] as const),
    sharedMemory: random.unit() < 0.6,
    size: random.pick(["small", "small", "large", "mixed"] as const),
    restart: { maxRestarts: random.pick([0, 1, 20, 20, 20]), initialDelayMs: random.integer(0, 5), maxDelayMs: 5 },
    retries: random.unit() < 0.4,
    count,
    at: [random.integer(0, count - 1), random.integer(0, count - 1)],
    action,
    actionAt: random.integer(0, count - 1),
    isReaderSlow: random.unit() < 0.2,
    maxItems: random.pick([undefined, undefined, 1, 3]),
  };
}

function drawFault(random: Random, hasHeapLimit: boolean): Fault {
  const draw = random.unit();
  // These take seconds each.
  if (draw < 0.01) return hasHeapLimit ? "memory" : "exit";
  if (draw < 0.03) return "loop";
  if (draw < 0.07) return "hang";
  return random.pick<Fault>([
    ...[
      "none",
      "throw",
      "reject",
      "reject-late",
      "reject-late",
      "exit",
      "exit",
      "exit",
      "exit",
      "exit",
      "wait",
    ] as const,
    ...["exit-before-ready", "exit-after-ready"] as const,
    ...["garbage-on-links", "garbage-in-rings", "garbage-on-control"] as const,
  ]);
}

/** Whether it is the worker's entry that breaks, rather than a node. */
export function isEntryFault(fault: Fault): fault is EntryFault {
  return fault.startsWith("garbage") || fault.endsWith("ready");
}

/** The deadline of a node that may not return. */
const DEADLINE_MS = 100;

const EDGES: { readonly [T in Topology]: readonly (readonly [from: string, to: string])[] } = {
  fused: [["a", "b"], ["b", "c"]],
  chain: [["a", "b"], ["b", "c"]],
  "fan-out": [["a", "b"], ["a", "c"]],
  "fan-in": [["a", "c"], ["b", "c"]],
};

/** Which node takes the value with a number. */
export function inputOf({ topology }: Round, n: number): string {
  return topology === "fan-in" && n % 2 === 1 ? "b" : "a";
}

/** Nodes whose outputs the session gives. */
export function outputsOf({ topology }: Round): readonly string[] {
  return topology === "fan-out" ? ["b", "c"] : ["c"];
}

/** The manifest of a round. @param tickets Where it notes how often it has happened. */
export function manifestOf(round: Round, tickets: string): Manifest {
  const { fault, moment, times, topology, culprits, retries, at, maxItems } = round;
  const endsLate = fault === "loop" || fault === "hang" || fault === "wait";
  const nodes = ["a", "b", "c"].map((id) => {
    const isCulprit = culprits.includes(id) && fault !== "none";
    const broken = isEntryFault(fault)
      ? { entry: fault }
      : { at: [...at], how: fault, when: moment, times, tickets: `${tickets}-${id}` };
    return {
      id,
      node_type: "crash.at",
      fuse: topology === "fused",
      params: isCulprit ? broken : {},
      ...(isCulprit && endsLate ? { deadline_ms: DEADLINE_MS } : {}),
      ...(isCulprit && retries ? { retry: { max_attempts: 2 * times + 1, initial_delay_ms: 0 } } : {}),
    };
  });
  const connections = EDGES[topology].map(([from, to]) => ({ from, to, max_items: maxItems }));
  return { version: "v1", nodes, connections };
}
