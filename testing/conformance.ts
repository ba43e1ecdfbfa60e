/**
 * The conformance suite: what every plugin has to keep to, as checks that any
 * plugin can run.
 *
 * @module
 */

import { StreamrackError } from "../core/errors.ts";
import { checkPlugin, type Plugin } from "../core/node/define.ts";
import { checkChunks, checkInputs, checkRepeatable } from "./conformance/data_checks.ts";
import { checkAbort, checkForgets, checkNoInput, checkOwnNodes, checkReset } from "./conformance/life_checks.ts";
import type { ConformanceCheck, ConformanceFinding, ConformanceOptions } from "./conformance/options.ts";
import { checkDefaults, checkDescription, checkWrongParams } from "./conformance/params_checks.ts";
import { Subject } from "./conformance/subject.ts";

/**
 * The checks of a plugin, to be hooked into a test runner.
 *
 * The definition has to be valid and its description plain JSON. Of every node
 * type: defaults are valid parameters; wrong parameters give problems, not
 * exceptions; each `create` makes a node of its own; no input is fine; every
 * declared kind of input is taken, or refused with a StreamrackError; what it
 * gives fits its ports; the same inputs give the same outputs, also when every
 * value is taken away as soon as it is yielded; after a reset it gives what a
 * new node gives; an abort ends it; it is disposed of once.
 *
 * @param plugin What the module of the plugin default-exports.
 *
 * @example One by one
 * ```ts
 * import { conformanceTests } from "@streamrack/core/testing";
 * import { defineNode, definePlugin } from "@streamrack/core/plugin";
 *
 * const plugin = definePlugin({
 *   name: "silencer",
 *   version: "1.0.0",
 *   apiVersion: 1,
 *   nodes: [defineNode({
 *     type: "silencer.mute",
 *     summary: "Lets nothing pass.",
 *     inputs: { in: ["audio"] },
 *     outputs: { out: ["audio"] },
 *     create: () => ({ process() {} }),
 *   })],
 * });
 *
 * for (const { name, run } of conformanceTests(plugin)) {
 *   await run(); // in a test file: it(name, run)
 *   console.log(`ok: ${name}`);
 * }
 * ```
 */
export function conformanceTests(plugin: unknown, options: ConformanceOptions = {}): ConformanceCheck[] {
  const isValid = { name: "the definition is valid", run: async () => void await checkPlugin(plugin) };
  let checked: Plugin;
  try {
    checked = checkPlugin(plugin);
  } catch {
    return [isValid]; // nothing else can be said of it
  }
  return [
    isValid,
    { name: "the description is plain JSON", run: () => checkDescription(checked) },
    ...checked.nodes.flatMap((definition) => {
      const subject = new Subject(definition, checked.name, options);
      return NODE_CHECKS.map(([name, check]) => ({ name: `${definition.type}: ${name}`, run: () => check(subject) }));
    }),
  ];
}

/**
 * Runs the whole suite on a plugin and gives all that it does not keep to; an
 * empty list is what you want.
 *
 * @param plugin What the module of the plugin default-exports.
 *
 * @example
 * ```ts
 * import { checkPluginConformance } from "@streamrack/core/testing";
 * import { defineNode, definePlugin, RuntimeData } from "@streamrack/core/plugin";
 * import assert from "node:assert/strict";
 *
 * const plugin = definePlugin({
 *   name: "shouter",
 *   version: "1.0.0",
 *   apiVersion: 1,
 *   nodes: [defineNode({
 *     type: "shouter.shout",
 *     summary: "Says it louder.",
 *     inputs: { in: ["text"] },
 *     outputs: { out: ["text"] },
 *     create: () => ({ process: (data) => RuntimeData.text(data.text.toUpperCase()) }),
 *   })],
 * });
 *
 * assert.deepEqual(await checkPluginConformance(plugin), []);
 * ```
 */
export async function checkPluginConformance(
  plugin: unknown,
  options: ConformanceOptions = {},
): Promise<ConformanceFinding[]> {
  const findings: ConformanceFinding[] = [];
  for (const { name, run } of conformanceTests(plugin, options)) {
    try {
      await run();
    } catch (thrown) {
      findings.push({ check: name, error: StreamrackError.from(thrown) });
    }
  }
  return findings;
}

/** The checks of each node type, in the order in which a fault in one explains those in the next. */
const NODE_CHECKS: readonly (readonly [name: string, check: (subject: Subject) => Promise<void>])[] = [
  ["its default parameters are valid", checkDefaults],
  ["wrong parameters give problems, not exceptions", checkWrongParams],
  ["every create makes a node of its own", checkOwnNodes],
  ["it is fine without input", checkNoInput],
  ["it takes what its ports declare", checkInputs],
  ["what it gives depends on its input alone, and stays as it was yielded", checkRepeatable],
  ["audio may come in chunks of any size", checkChunks],
  ["it can be reset at any time", checkReset],
  ["after a reset it gives what a new node gives", checkForgets],
  ["an abort ends it", checkAbort],
];
