/**
 * Runners with a guardian: what is said to them, and what they say.
 *
 * @module
 */

import * as v from "valibot";
import type { JsonValue, Metadata } from "../../core/plugin.ts";
import {
  type AnyRunnerType,
  defineRunner,
  type InferenceRequest,
  type RunContext,
  runnerError,
  type RunnerOutput,
} from "../../runners/mod.ts";
import type { Finding } from "./finding.ts";
import { guardParams, judge } from "./judge.ts";
import { StreamGuard, type StreamGuardOptions } from "./stream_guard.ts";

/** Parameter `guard` of a guarded runner. */
const guard = v.optional(
  v.object({
    ...guardParams,
    checkpoint: v.optional(v.picklist(["input", "output", "both"]), "both"),
    windowWords: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(100)), 8),
    replacement: v.optional(v.string(), ""),
  }),
  {},
);
type Options = v.InferOutput<typeof guard>;

/**
 * A runner of text with a guardian before it, behind it, or both. Its
 * parameters are those of the runner, and `guard`: see `guard.text`. An input
 * that is blocked never reaches the model; an output that is blocked ends the
 * request to it at once.
 *
 * The runner has to give new text only (`output: "delta"`), as it does by default.
 *
 * @param inner A runner whose parameters are an object of valibot.
 * @param type Name of the new node type.
 */
export function guardRunner(inner: AnyRunnerType, type: string): AnyRunnerType {
  const { definition } = inner;
  const { summary, vendor, priority, capabilities, streaming, unavailable, load, unload, modelId, modelVariant } =
    definition;
  const { output: _output, ...entries } = definition.params.entries as v.ObjectEntries;
  return defineRunner({
    type,
    summary: `${summary.replace(/\.$/, "")}, with a guardian before and behind it.`,
    vendor,
    ...priority === undefined ? {} : { priority },
    capabilities,
    streaming,
    params: v.object({ ...entries, guard }),
    ...unavailable === undefined ? {} : { unavailable },
    ...load === undefined ? {} : { load },
    ...unload === undefined ? {} : { unload },
    ...modelId === undefined ? {} : { modelId },
    ...modelVariant === undefined ? {} : { modelVariant },
    async *run(request: InferenceRequest, context: RunContext<never, unknown>) {
      const { guard: options, ...rest } = context.params as { readonly guard: Options };
      const params = { ...rest, output: "delta", batchTokens: (rest as { batchTokens?: number }).batchTokens ?? 1 };
      const { text } = request.inputs;
      let inputs = request.inputs;
      let told: Metadata = {};
      if (text !== undefined && options.checkpoint !== "output") {
        const verdict = judge(text, options);
        told = verdict.findings.length === 0 ? {} : { guard: report("input", verdict.status, verdict) };
        if (verdict.status === "blocked") return { outputs: { text: options.replacement }, metadata: told };
        inputs = { ...inputs, text: verdict.text };
      }
      const answer = definition.run({ ...request, inputs }, { ...context, params: params as never });
      if (options.checkpoint === "input") return withMetadata(yield* asStream(answer), told);
      return yield* guardOutput(asStream(answer), options, told);
    },
  });
}

async function* asStream(
  answer: ReturnType<AnyRunnerType["definition"]["run"]>,
): AsyncGenerator<RunnerOutput, RunnerOutput, void> {
  return "next" in answer ? yield* answer : await answer;
}

async function* guardOutput(
  answer: AsyncGenerator<RunnerOutput, RunnerOutput, void>,
  options: Options & StreamGuardOptions,
  told: Metadata,
): AsyncGenerator<RunnerOutput, RunnerOutput, void> {
  const guard = new StreamGuard(options);
  const statuses = { block: "blocked", warn: "warned", filter: "filtered" } as const;
  const findings: Finding[] = [];
  const about = (isUnsafe: boolean): Metadata => {
    if (findings.length === 0) return told;
    const verdict = { riskScore: guard.riskScore, findings };
    return { ...told, guard: report("output", isUnsafe ? statuses[options.strategy] : "safe", verdict) };
  };
  try {
    for (;;) {
      const { done, value } = await answer.next();
      if (value === undefined) throw runnerError("E101", "the runner gave no result");
      const passed = guard.push(value.outputs.text ?? "");
      findings.push(...passed.findings);
      const rest = done ? guard.end() : undefined;
      if (rest !== undefined) findings.push(...rest.findings);
      const isUnsafe = passed.isUnsafe || rest?.isUnsafe === true;
      if (isUnsafe && options.strategy === "block") {
        return { outputs: { text: options.replacement }, metadata: { ...value.metadata, ...about(true) } };
      }
      const text = passed.text + (rest?.text ?? "");
      const output = { ...value, outputs: { text }, metadata: { ...value.metadata, ...about(isUnsafe) } };
      if (done) return output;
      if (text !== "") yield output;
    }
  } finally {
    await answer.return({ outputs: {} }); // what the model would still say is not asked for
  }
}

function withMetadata(output: RunnerOutput, metadata: Metadata): RunnerOutput {
  return { ...output, metadata: { ...output.metadata, ...metadata } };
}

function report(
  checkpoint: "input" | "output",
  status: string,
  { riskScore, findings }: { readonly riskScore: number; readonly findings: readonly Finding[] },
): JsonValue {
  return { checkpoint, status, riskScore, findings: findings as unknown as JsonValue };
}
