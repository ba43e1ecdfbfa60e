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
import { type Finding, riskScore } from "./finding.ts";
import { guardParams, judge, type Status } from "./judge.ts";
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
/** Most findings that a final result tells of. */
const FINDINGS_MAX = 1000;
type Options = v.InferOutput<typeof guard>;

/**
 * A runner of text with a guardian before it, behind it, or both. Its
 * parameters are those of the runner, and `guard`: see `guard.text`. An input
 * that is blocked never reaches the model; an output that is blocked ends the
 * request to it at once. The metadata `guard` tells what was found, as `{
 * input?, output? }`, each `{ status, riskScore, findings }`: in a partial
 * result since the one before, in the final one all (at most 1000).
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
      const { guard: options, ...rest } = context.params as { readonly guard: Options; readonly batchTokens?: number };
      if (request.params?.["guard"] !== undefined) {
        throw runnerError("E400", "a request cannot say how it is guarded", {
          problems: [{ path: "params.guard", message: "belongs to the node" }],
        });
      }
      let params = { ...rest, output: "delta", batchTokens: rest.batchTokens ?? 1 };
      let inputs = request.inputs;
      let told: Metadata = {};
      if (options.checkpoint !== "output") {
        const input = new ValueGuard(options);
        inputs = { ...inputs, text: input.pass(inputs.text) };
        // What a request brings along is said to the model as well.
        const { messages, systemPrompt } = request.params ?? {};
        params = { ...params, ...input.pass(withoutUndefined({ messages, systemPrompt })) };
        told = input.findings.length === 0 ? {} : { input: report(input.status, input) };
        if (input.status === "blocked") return { outputs: { text: options.replacement }, metadata: { guard: told } };
      }
      const answer = definition.run({ ...request, inputs }, { ...context, params: params as never });
      if (options.checkpoint === "input") return withReport(yield* asStream(answer), told);
      return yield* guardOutput(asStream(answer), options, told);
    },
  });
}

/** Judges every text in a value. */
class ValueGuard {
  readonly #options: Options;
  readonly findings: Finding[] = [];
  status: Status = "safe";

  constructor(options: Options) {
    this.#options = options;
  }

  get riskScore(): number {
    return riskScore(this.findings);
  }

  /** A value with all texts in it as they may go on. */
  pass<T>(value: T): T {
    if (typeof value === "string") {
      const { text, status, findings } = judge(value, this.#options);
      this.findings.push(...findings.slice(0, FINDINGS_MAX - this.findings.length));
      if (status !== "safe") this.status = status;
      return text as T;
    }
    if (Array.isArray(value)) return value.map((item) => this.pass(item)) as T;
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, this.pass(item)])) as T;
  }
}

function withoutUndefined(fields: { readonly [name: string]: unknown }) {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
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
  const all: Finding[] = [];
  let latest: Finding[] = [];
  /** A result with what is told of it. */
  const tell = (output: RunnerOutput, isUnsafe: boolean, findings: readonly Finding[]): RunnerOutput => {
    const status = isUnsafe ? statuses[options.strategy] : "safe";
    const verdict = { riskScore: guard.riskScore, findings };
    latest = [];
    return withReport(output, findings.length === 0 ? told : { ...told, output: report(status, verdict) });
  };
  try {
    for (;;) {
      const { done, value } = await answer.next();
      if (value === undefined) throw runnerError("E101", "the runner gave no result");
      const passed = guard.push(value.outputs.text ?? "");
      const rest = done ? guard.end() : undefined;
      // What a model wants to be called says something as well.
      const { toolCalls, ...metadata } = value.metadata ?? {};
      const calls = new ValueGuard(options);
      const passedCalls: Metadata = toolCalls === undefined ? {} : { toolCalls: calls.pass(toolCalls) };
      const fresh = [
        ...passed.findings,
        ...rest?.findings ?? [],
        ...done || calls.status === "blocked" ? calls.findings : [],
      ];
      for (const list of [all, latest]) list.push(...fresh.slice(0, FINDINGS_MAX - list.length));
      const isUnsafe = passed.isUnsafe || rest?.isUnsafe === true || calls.status !== "safe";
      if (isUnsafe && options.strategy === "block") {
        return tell({ ...value, outputs: { text: options.replacement }, metadata }, true, all);
      }
      const text = passed.text + (rest?.text ?? "");
      const output = { ...value, outputs: { text }, metadata: { ...metadata, ...passedCalls } };
      if (done) return tell(output, isUnsafe, all);
      if (output.outputs.text !== "") yield tell(output, isUnsafe, latest);
    }
  } finally {
    await answer.return({ outputs: {} }); // what the model would still say is not asked for
  }
}

function withReport(output: RunnerOutput, guard: Metadata): RunnerOutput {
  return Object.keys(guard).length === 0 ? output : { ...output, metadata: { ...output.metadata, guard } };
}

function report(
  status: string,
  { riskScore, findings }: { readonly riskScore: number; readonly findings: readonly Finding[] },
): JsonValue {
  return { status, riskScore, findings: findings as unknown as JsonValue };
}
