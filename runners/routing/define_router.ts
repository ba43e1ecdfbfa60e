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
import { RETRIES_MAX, type Route, Router } from "./router.ts";

/** A node that routes. */
export interface RouterDefinition {
  /** Name of its node type, such as `"llm.any"`. */
  readonly type: string;
  readonly summary: string;
  readonly capability: Capability;
  /** Those that its parameters may name. */
  readonly runners: readonly AnyRunnerType[];
}

const ROUTES_MAX = 32;

const ms = (description: string, byDefault: number) =>
  v.optional(
    v.pipe(v.number(), v.minValue(0), v.maxValue(600_000), v.description(`${description}, 0 to 600000.`)),
    byDefault,
  );

/** The parameters of every node that routes. */
const routerParams = {
  vendorOrder: v.optional(
    v.pipe(v.array(v.string()), v.description("Vendors, the preferred one first. Others come behind them.")),
    [],
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
};

function makeParams(types: readonly string[]) {
  const route = v.object({
    runner: v.pipe(v.picklist(types), v.description("Its node type.")),
    name: v.optional(
      v.pipe(v.string(), v.minLength(1), v.maxLength(100), v.description("What metadata calls it. Default: runner.")),
    ),
    params: v.optional(
      v.pipe(v.record(v.string(), v.unknown()), v.description("Its parameters, as those of its node.")),
      {},
    ),
    vendor: v.optional(v.pipe(v.string(), v.minLength(1), v.description("Default: that of the runner."))),
    priority: v.optional(
      v.pipe(v.picklist(["high", "normal", "low"]), v.description("Among those of its vendor. Default: normal.")),
    ),
  });
  return v.object({
    runners: v.pipe(
      v.array(route),
      v.minLength(1),
      v.maxLength(ROUTES_MAX),
      v.description(
        `The runners to choose from, 1 to ${ROUTES_MAX}. One may stand here several times, with other parameters.`,
      ),
    ),
    ...routerParams,
  });
}

/**
 * Declares a node that asks the best runner that is there, then the next ones:
 * see {@linkcode Router}. Its parameter `runners` names them: `{ runner:
 * "llm.openai", name?, params?, vendor?, priority? }`.
 */
export function defineRouter({ type, summary, capability, runners: known }: RouterDefinition): AnyNodeDefinition {
  const schema = makeParams(known.map(({ definition }) => definition.type));
  return defineNode({
    type,
    summary,
    params: schema,
    inputs: { in: inputKinds([capability]) },
    outputs: { out: outputKinds([capability]) },
    async create({ params, signal, log }: NodeContext<v.InferOutput<typeof schema>>) {
      const runners = params.runners.map(({ runner: type, params, ...rest }): Route => ({
        ...rest,
        runner: known.find(({ definition }) => definition.type === type) as AnyRunnerType,
        params: params as RunnerOptions["params"],
      }));
      const router = new Router({ ...params, capability, runners, signal, log });
      await router.prepare();
      return {
        process: (data, item) => answer(router, data, item),
        [Symbol.asyncDispose]: () => router[Symbol.asyncDispose](),
      };
    },
  });
}
