/**
 * A segment that is only checked, of plugins whose descriptions are at hand:
 * parameters are compared with the described schemas, in the host thread, and
 * no code of the plugins runs.
 *
 * @module
 */

import type { ErrorEnvelope } from "../core/error_envelope.ts";
import { displayValue, type Problem } from "../core/errors.ts";
import type { PlanNode, PlanSegment } from "../core/pipeline/plan.ts";
import { settledWithin } from "../core/flow/settled_within.ts";
import type { PlacedSegment } from "./placement.ts";
import type { SegmentResult } from "./protocol.ts";
import type { SegmentWiring } from "./wiring.ts";

/** Whether all that is to be known of a segment's nodes was read from descriptions. */
export function isDescribedAhead({ nodes }: PlanSegment): boolean {
  return nodes.every(({ plugin }) => plugin.isDescribedAhead === true);
}

/** Places a segment where it can be checked, and nothing else. */
export function placeDescribed({ segment, links }: SegmentWiring): PlacedSegment {
  let end!: (result: SegmentResult) => void;
  const result = new Promise<SegmentResult>((resolve) => end = resolve);
  const cancel = (error: ErrorEnvelope) => {
    for (const { port } of links) port?.close();
    end({ outcome: { ok: false, error }, metrics: { nodes: [], edges: [] } });
  };
  const refuse = () => Promise.reject(new Error("a segment that is only checked does not run"));
  return {
    segment,
    result,
    onDone: () => {},
    prepare: async () => ({ ok: true, value: (await Promise.all(segment.nodes.map(findProblems))).flat() }),
    start: refuse,
    flush: () => {},
    cancel,
    reconnect: refuse,
    metrics: () => Promise.resolve({ nodes: [], edges: [] }),
    endWithin: async (timeoutMs) => void await settledWithin(result, timeoutMs),
    health: () => undefined,
  };
}

/** What the described schema finds wrong with the parameters of a node. What it cannot express is found as a node is opened. */
async function findProblems({ params, paramsPath, description: { paramsSchema } }: PlanNode): Promise<Problem[]> {
  if (paramsSchema === undefined) return [];
  // Loaded only where a plugin has a description beside it.
  const { Validator } = await import("@cfworker/json-schema");
  const given = params ?? {};
  const { errors } = new Validator(paramsSchema, "7", false).validate(given);
  const located = errors.map(({ instanceLocation, error }) => ({ keys: keysOf(instanceLocation), error }));
  // An error of a part is told again of each whole that it is in.
  const deepest = located.filter(({ keys }) =>
    !located.some((other) => other.keys.length > keys.length && keys.every((key, i) => key === other.keys[i]))
  );
  return deepest.map(({ keys, error }): Problem => {
    const received = keys.reduce<unknown>((value, key) => (value as { readonly [key: string]: unknown })?.[key], given);
    const path = keys.reduce((at, key) => /^\d+$/.test(key) ? `${at}[${key}]` : `${at}.${key}`, paramsPath);
    return { path, message: error, received: displayValue(received) };
  });
}

/** The keys of a JSON pointer in the form of a fragment. */
function keysOf(location: string): string[] {
  return location.split("/").slice(1).map((key) => decodeURIComponent(key).replaceAll("~1", "/").replaceAll("~0", "~"));
}
