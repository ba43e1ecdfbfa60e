/**
 * A runner as a node of a pipeline.
 *
 * @module
 */

import {
  type AnyNodeDefinition,
  defineNode,
  type ItemContext,
  type NodeContext,
  partial,
  type PortKinds,
  type RuntimeData,
} from "../core/plugin.ts";
import type { AnyRunnerDefinition } from "./definition.ts";
import { fromRunnerError } from "./errors.ts";
import { toRequest, toValues } from "./request.ts";
import { Runner } from "./runner.ts";
import type { Capability, InferenceRequest, InferenceResult } from "./types.ts";

const INPUTS: { readonly [C in Capability]: PortKinds } = {
  llm: ["text", "json"],
  asr: ["audio"],
  tts: ["text", "json"],
  vlm: ["binary", "video", "json"],
  guardian: ["text", "json"],
};
const OUTPUTS: { readonly [C in Capability]: PortKinds } = {
  llm: ["text"],
  asr: ["text"],
  tts: ["audio"],
  vlm: ["text"],
  guardian: ["text", "json"],
};

/** The kinds of all capabilities together. */
export function inputKinds(capabilities: readonly Capability[]): PortKinds {
  return [...new Set(capabilities.flatMap((capability) => INPUTS[capability]))];
}

/** The kinds of all capabilities together. */
export function outputKinds(capabilities: readonly Capability[]): PortKinds {
  return [...new Set(capabilities.flatMap((capability) => OUTPUTS[capability]))];
}

/** The node type of a runner: one request for each value. Its model is loaded with the session. */
export function makeNode(definition: AnyRunnerDefinition): AnyNodeDefinition {
  const { type, aliases, summary, params, capabilities } = definition;
  return defineNode({
    type,
    ...aliases === undefined ? {} : { aliases },
    summary,
    params,
    inputs: { in: definition.inputs ?? inputKinds(capabilities) },
    outputs: { out: definition.outputs ?? outputKinds(capabilities) },
    async create({ params, signal, log }: NodeContext<unknown>) {
      const runner = Runner.ofChecked(definition, params, { signal, log });
      await runner.load();
      return {
        process: (data: RuntimeData, item: ItemContext) => answer(runner, data, item),
        [Symbol.asyncDispose]: () => runner.unload(),
      };
    },
  });
}

/** What answers requests: a runner, or a router of several. */
export interface Answering {
  run(
    request: InferenceRequest,
    options: { readonly signal: AbortSignal },
  ): AsyncGenerator<InferenceResult, void, void>;
}

/** Answers one value with values, all but the last marked as partial. A failure is thrown, for the policy of the node. */
export async function* answer(
  runner: Answering,
  data: RuntimeData,
  { signal, attempt }: ItemContext,
): AsyncGenerator<RuntimeData | ReturnType<typeof partial<RuntimeData>>, void, void> {
  const { timestampUs, metadata } = data;
  for await (const result of runner.run(toRequest(data), { signal })) {
    if (result.error !== undefined) throw fromRunnerError(result.error);
    const marked = attempt === 1 ? result : { ...result, metadata: { ...result.metadata, attempt } };
    const values = toValues(marked, { timestampUs, metadata });
    for (const [i, value] of values.entries()) {
      const isFinal = !result.partial && i === values.length - 1;
      yield isFinal ? value : partial<RuntimeData>(value, result.progress);
    }
  }
}
