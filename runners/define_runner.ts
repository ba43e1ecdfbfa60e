/**
 * How authors declare runners.
 *
 * @module
 */

import type { AnyNodeDefinition, StandardSchema } from "../core/plugin.ts";
import { makeNode } from "./node.ts";
import { Runner, type RunnerOptions } from "./runner.ts";
import type { AnyRunnerDefinition, RunnerDefinition } from "./definition.ts";

/** A declared runner: a node type for plugins, and a maker of runners for whoever calls them directly. */
export interface RunnerType<S extends StandardSchema = StandardSchema, Model = unknown> {
  readonly definition: RunnerDefinition<S, Model>;
  /** For the `nodes` of `definePlugin`. */
  readonly node: AnyNodeDefinition;
  /**
   * Makes a runner for direct use, with no model loaded.
   *
   * @throws {StreamrackError} `invalid-params`.
   */
  create(options?: RunnerOptions): Promise<Runner>;
}

/** A runner type of any types. */
// deno-lint-ignore no-explicit-any -- as above
export type AnyRunnerType = RunnerType<any, any>;

/**
 * Declares a runner.
 *
 * @example
 * ```ts
 * import { defineRunner } from "@streamrack/core/runners";
 * import * as v from "valibot";
 * import assert from "node:assert/strict";
 *
 * const spell = defineRunner({
 *   type: "demo.spell",
 *   summary: "Gives back what it is told, word by word.",
 *   vendor: "demo",
 *   capabilities: ["llm"],
 *   streaming: true,
 *   params: v.object({ model: v.optional(v.string(), "parrot") }),
 *   async *run({ inputs: { text = "" } }) {
 *     const words = text.split(" ");
 *     for (const word of words) yield { outputs: { text: word } };
 *     return { outputs: { text: "" }, metadata: { words: words.length } };
 *   },
 * });
 *
 * const runner = await spell.create();
 * await runner.load();
 * const results = await Array.fromAsync(runner.run({ inputs: { text: "hello there" } }));
 * assert.deepEqual(results.map(({ partial }) => partial), [true, true, false]);
 * await runner.unload();
 * ```
 */
export function defineRunner<S extends StandardSchema, Model = undefined>(
  definition: RunnerDefinition<S, Model>,
): RunnerType<S, Model> {
  return {
    definition,
    node: makeNode(definition as AnyRunnerDefinition),
    create: (options = {}) => Runner.create(definition as AnyRunnerDefinition, options),
  };
}
