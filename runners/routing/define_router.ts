/**
 * How authors declare a node that routes.
 *
 * @module
 */

import * as v from "valibot";
import { type AnyNodeDefinition, defineNode, type NodeContext } from "../../core/plugin.ts";
import type { AnyRunnerType } from "../define_runner.ts";
import { answer, inputKinds, outputKinds } from "../node.ts";
import type { RunnerOptions } from "../runner.ts";
import type { Capability } from "../types.ts";
import { RETRIES_MAX, Router } from "./router.ts";

/** A node that routes. */
export interface RouterDefinition {
  /** Name of its node type, such as `"llm.any"`. */
  readonly type: string;
  readonly summary: string;
  readonly capability: Capability;
  /** Those it chooses from. */
  readonly runners: readonly AnyRunnerType[];
}

const ms = (description: string, byDefault: number) =>
  v.optional(
    v.pipe(v.number(), v.minValue(0), v.maxValue(600_000), v.description(`${description}, 0 to 600000.`)),
    byDefault,
  );

/** The parameters of every node that routes. */
const routerParams = v.object({
  vendorOrder: v.optional(
    v.pipe(v.array(v.string()), v.description("Vendors, the preferred one first. Others come behind them.")),
    [],
  ),
  runners: v.optional(
    v.pipe(
      v.record(v.string(), v.record(v.string(), v.unknown())),
      v.description("Parameters of each runner, by its node type. One without parameters has its defaults."),
    ),
    {},
  ),
  maxRetries: v.optional(
    v.pipe(
      v.number(),
      v.integer(),
      v.minValue(0),
      v.maxValue(RETRIES_MAX),
      v.description(`Retries with one runner before the next one is asked, 0 to ${RETRIES_MAX}.`),
    ),
    RETRIES_MAX,
  ),
  initialDelayMs: ms("Before the first retry, in milliseconds; doubles with each", 200),
  maxDelayMs: ms("Longest delay, in milliseconds; a service that asks for more is left for the next runner", 5000),
});

/** Declares a node that asks the best runner that is there, then the next ones: see {@linkcode Router}. */
export function defineRouter({ type, summary, capability, runners }: RouterDefinition): AnyNodeDefinition {
  return defineNode({
    type,
    summary,
    params: routerParams,
    inputs: { in: inputKinds([capability]) },
    outputs: { out: outputKinds([capability]) },
    create({ params, signal, log }: NodeContext<v.InferOutput<typeof routerParams>>) {
      const given = params.runners as { readonly [type: string]: RunnerOptions["params"] };
      const router = new Router({ ...params, params: given, capability, runners, signal, log });
      return {
        process: (data, item) => answer(router, data, item),
        [Symbol.asyncDispose]: () => router[Symbol.asyncDispose](),
      };
    },
  });
}
