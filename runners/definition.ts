/**
 * What the author of a runner says of it.
 *
 * @module
 */

import type { JsonValue, NodeLog, PortKinds, StandardSchema, StreamrackError } from "../core/plugin.ts";
import type { Clock } from "./clock.ts";
import type { ReadEnv } from "./environment.ts";
import type { Capability, InferenceRequest, RunnerOutput } from "./types.ts";

/** How much a runner wants to be chosen among those of its vendor. */
export type RunnerPriority = "high" | "normal" | "low";

/** What `load` is given. */
export interface LoadContext<P> {
  readonly params: P;
  readonly modelId: string;
  /** Aborts when nobody waits for the model any more. */
  readonly signal: AbortSignal;
  readonly log: NodeLog;
  /** Tells how far loading is, 0 to 100. */
  onProgress(percent: number): void;
}

/** What `run` is given beside the request. */
export interface RunContext<P, Model> {
  readonly model: Model;
  /** Those of the node with those of the request above them. */
  readonly params: P;
  /** Aborts when the request is cancelled: pass it to whatever is waited for. */
  readonly signal: AbortSignal;
  readonly log: NodeLog;
  readonly clock: Clock;
  readonly readEnv: ReadEnv;
}

/**
 * What a runner answers: a promise of the one result, or a generator that
 * yields partial results and *returns* the final one. So there is exactly one
 * final result, and it is the last.
 */
export type RunnerAnswer = AsyncGenerator<RunnerOutput, RunnerOutput, void> | Promise<RunnerOutput>;

/** A runner: what it can do, how its model is loaded, and how it answers. */
export interface RunnerDefinition<S extends StandardSchema = StandardSchema, Model = unknown> {
  /** Name of its node type, such as `"llm.openai"`. */
  readonly type: string;
  readonly aliases?: readonly string[];
  /** One sentence for `streamrack nodes list`. */
  readonly summary: string;
  /** Whose engine it is, for the order of routing: `"openai"`, `"huggingface"`. */
  readonly vendor: string;
  /** Default: `"normal"`. */
  readonly priority?: RunnerPriority;
  readonly capabilities: readonly Capability[];
  /** Whether it gives partial results. */
  readonly streaming: boolean;
  /** Schema of the parameters. A parameter `model` names the model, unless `modelId` says otherwise. */
  readonly params: S;
  /** Kinds of values that its node takes. Default: those of its capabilities. */
  readonly inputs?: PortKinds;
  /** Kinds of values that its node gives. Default: those of its capabilities. */
  readonly outputs?: PortKinds;
  /** Which model the parameters ask for. Default: their field `model`, else the type. */
  modelId?(params: SchemaValue<S>): string;
  /** What of the parameters makes another model of the same name, such as the device. */
  modelVariant?(params: SchemaValue<S>): JsonValue;
  /** Why it cannot work here (no key, no hardware); `undefined` if it can. Asked before it is loaded. */
  unavailable?(
    params: SchemaValue<S>,
    context: { readonly readEnv: ReadEnv },
  ): StreamrackError | undefined | Promise<StreamrackError | undefined>;
  /** Loads the model: once for a thread, whoever uses it. Absent: there is none to load. */
  load?(context: LoadContext<SchemaValue<S>>): Model | Promise<Model>;
  /** Called once, when nobody uses the model any more. */
  unload?(model: Model): void | Promise<void>;
  /** Answers one request. What it throws is the failure of the request. */
  run(request: InferenceRequest, context: RunContext<SchemaValue<S>, Model>): RunnerAnswer;
}

/** What a schema gives. */
export type SchemaValue<S> = S extends StandardSchema<unknown, infer Output> ? Output : never;

/** A definition of any types. */
// deno-lint-ignore no-explicit-any -- parameters are contravariant: no other type takes every definition
export type AnyRunnerDefinition = RunnerDefinition<any, any>;
