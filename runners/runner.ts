/**
 * A runner at work: its model, and its answers.
 *
 * @module
 */

import { type JsonValue, type Metadata, type NodeLog, type Problem, StreamrackError } from "../core/plugin.ts";
import { type Clock, SYSTEM_CLOCK } from "./clock.ts";
import type { AnyRunnerDefinition, RunContext } from "./definition.ts";
import { type ReadEnv, readEnv } from "./environment.ts";
import { runnerError, toRunnerError } from "./errors.ts";
import { type ModelLease, type ModelLoader, ModelStore } from "./model_store.ts";
import { mergeParams } from "./request.ts";
import type { Capability, InferenceRequest, InferenceResult, RunnerOutput } from "./types.ts";

/** What a runner is made with. */
export interface RunnerOptions {
  /** As a manifest would give them. Default: none. */
  readonly params?: { readonly [name: string]: JsonValue | undefined } | undefined;
  /** Ends whatever is under way. Default: never. */
  readonly signal?: AbortSignal | undefined;
  /** Default: nothing is logged. */
  readonly log?: NodeLog | undefined;
  /** Default: the timers of the runtime. */
  readonly clock?: Clock | undefined;
  /** Default: the environment of the process. */
  readonly readEnv?: ReadEnv | undefined;
}

/** How one request is run. */
export interface RunOptions {
  readonly signal?: AbortSignal | undefined;
}

/** How a model is loaded. */
export interface LoadOptions extends RunOptions {
  /** Told how far loading is, 0 to 100. */
  readonly onProgress?: ((percent: number) => void) | undefined;
}

/** A use of a model, and which it is. */
interface LoadedModel extends ModelLease<unknown> {
  readonly modelId: string;
}

const nothing = () => {};
const NO_LOG: NodeLog = { debug: nothing, info: nothing, warn: nothing, error: nothing };
const NEVER = new AbortController().signal;

/** The models of this thread. */
const MODELS = new ModelStore();

/** A runner with its parameters, and its model when that is loaded. */
export class Runner {
  readonly #definition: AnyRunnerDefinition;
  readonly #params: unknown;
  readonly #options: Required<{ [K in keyof RunnerOptions]: NonNullable<RunnerOptions[K]> }>;
  #lease: ModelLease<unknown> | undefined;
  #loadedKey: string | undefined;
  #loadedModelId: string | undefined;
  /** Loads and unloads take turns. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(definition: AnyRunnerDefinition, params: unknown, options: RunnerOptions) {
    this.#definition = definition;
    this.#params = params;
    const { signal = NEVER, log = NO_LOG, clock = SYSTEM_CLOCK } = options;
    this.#options = { params: {}, signal, log, clock, readEnv: options.readEnv ?? readEnv };
  }

  /** Makes one. @throws {StreamrackError} `invalid-params`. */
  static async create(definition: AnyRunnerDefinition, options: RunnerOptions = {}): Promise<Runner> {
    const result = await definition.params["~standard"].validate(options.params ?? {});
    if (result.issues === undefined) return new Runner(definition, result.value, options);
    const problems = result.issues.map((issue: { message: string; path?: readonly unknown[] }): Problem => {
      const keys = (issue.path ?? []).map((part) =>
        typeof part === "object" && part !== null && "key" in part ? part.key : part
      );
      return { path: ["params", ...keys].join("."), message: issue.message };
    });
    throw new StreamrackError("invalid-params", `the parameters of "${definition.type}" are not right`, { problems });
  }

  /** With parameters that were checked already. For the node. */
  static ofChecked(definition: AnyRunnerDefinition, params: unknown, options: RunnerOptions): Runner {
    return new Runner(definition, params, options);
  }

  /** Name of its node type. */
  get type(): string {
    return this.#definition.type;
  }

  /** What it can do. */
  get capabilities(): readonly Capability[] {
    return this.#definition.capabilities;
  }

  /** Whether it gives partial results. */
  get streaming(): boolean {
    return this.#definition.streaming;
  }

  /** Whether its model is there. */
  get isLoaded(): boolean {
    return this.#lease !== undefined;
  }

  /** The model that is loaded. */
  get loadedModelId(): string | undefined {
    return this.#loadedModelId;
  }

  /** Why it cannot work here; `undefined` if it can. */
  async unavailable(): Promise<StreamrackError | undefined> {
    return await this.#definition.unavailable?.(this.#params, { readEnv: this.#options.readEnv });
  }

  /**
   * Loads the model that the parameters name. Nothing happens if it is loaded;
   * another one is unloaded first.
   *
   * @throws {StreamrackError} `model-load-failed`, or whatever the runner says.
   */
  async load(options: LoadOptions = {}): Promise<void> {
    const { release } = await this.#load(this.#params, options);
    await release();
  }

  /** Gives the model up. Others who use it keep it. */
  async unload(): Promise<void> {
    await this.#inTurn(() => this.#unload());
  }

  /**
   * Answers a request. What is not loaded yet is loaded. A failure is the last
   * result, with `error`; only an abort throws, the reason of its signal.
   */
  async *run(request: InferenceRequest, options: RunOptions = {}): AsyncGenerator<InferenceResult, void, void> {
    const { signal, end } = ownSignal(this.#options.signal, options.signal);
    const startedMs = this.#options.clock.now();
    let lease: LoadedModel | undefined;
    const base = (): Metadata => ({ runner: this.type, ...lease === undefined ? {} : { model: lease.modelId } });
    try {
      signal.throwIfAborted();
      this.#check(request);
      const params = await mergeParams(this.#definition.params, this.#params, request.params);
      lease = await this.#load(params, { signal });
      const { log, clock, readEnv } = this.#options;
      const context: RunContext<unknown, unknown> = { model: lease.model, params, signal, log, clock, readEnv };
      const answer = this.#definition.run(request, context);
      if (!("next" in answer)) {
        const final = await answer;
        signal.throwIfAborted();
        yield this.#final(final, base(), startedMs);
        return;
      }
      try {
        for (;;) {
          const step = await answer.next();
          signal.throwIfAborted();
          if (step.done) {
            yield this.#final(step.value, base(), startedMs);
            return;
          }
          const { outputs, metadata, progress } = step.value;
          if (request.streaming === "off") continue;
          yield { outputs, metadata: { ...base(), ...metadata }, progress, partial: true };
        }
      } finally {
        // A reader that leaves must not wait for what the runner waits for. One that has ended takes no notice.
        end();
        await answer.return(undefined as unknown as RunnerOutput);
      }
    } catch (thrown) {
      const abortedBy = [this.#options.signal, options.signal].find((given) => given?.aborted);
      if (abortedBy !== undefined) throw abortedBy.reason;
      yield { outputs: {}, metadata: base(), error: toRunnerError(thrown), partial: false };
    } finally {
      end();
      await lease?.release();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.unload();
  }

  #final(output: RunnerOutput, base: Metadata, startedMs: number): InferenceResult {
    const durationMs = Math.round(this.#options.clock.now() - startedMs);
    const { outputs, metadata, progress } = output;
    return { outputs, metadata: { ...base, durationMs, ...metadata }, progress, partial: false };
  }

  #check({ inputs, streaming }: InferenceRequest): void {
    const { type, capabilities } = this.#definition;
    if (streaming === "required" && !this.streaming) {
      throw runnerError("E406", `"${type}" gives one result, and no partial ones`, {
        remedy: 'Leave streaming: "required" out, or use another runner.',
      });
    }
    if (inputs.text === undefined && inputs.audio === undefined && inputs.image === undefined) {
      throw runnerError("E400", "the request has no input", {
        problems: [{ path: "inputs", message: "is empty", expected: "text, audio or an image" }],
      });
    }
    const lacking = inputs.image !== undefined && !capabilities.includes("vlm")
      ? "images"
      : inputs.audio !== undefined && !capabilities.includes("asr")
      ? "audio"
      : undefined;
    if (lacking === undefined) return;
    throw runnerError("E405", `"${type}" does not take ${lacking}`, { remedy: "Ask a runner that does." });
  }

  /**
   * Loads a model for the runner, and gives a use of its own to the caller: a
   * request keeps its model although another request asks for another one.
   */
  #load(params: unknown, { signal = this.#options.signal, onProgress }: LoadOptions): Promise<LoadedModel> {
    return this.#inTurn(async () => {
      signal.throwIfAborted();
      const definition = this.#definition;
      const { log, readEnv } = this.#options;
      const modelId = definition.modelId?.(params) ?? modelOf(params) ?? definition.type;
      const key = JSON.stringify([definition.type, modelId, definition.modelVariant?.(params) ?? null]);
      const loader: ModelLoader<unknown> = {
        load: (signal, onProgress) => definition.load?.({ params, modelId, signal, log, onProgress }),
        unload: (model) => definition.unload?.(model),
      };
      if (this.#lease === undefined || this.#loadedKey !== key) {
        const problem = await definition.unavailable?.(params, { readEnv });
        if (problem !== undefined) throw problem;
        await this.#unload();
        const report = (percent: number) => {
          log.debug("loading", { model: modelId, progressPercent: percent });
          onProgress?.(percent);
        };
        this.#lease = await MODELS.acquire(key, loader, signal, report).catch((thrown) => {
          if (signal.aborted) throw signal.reason;
          throw StreamrackError.from(thrown, "model-load-failed");
        });
        this.#loadedKey = key;
        this.#loadedModelId = modelId;
      }
      const { model, release } = await MODELS.acquire(key, loader, signal);
      return { model, release, modelId };
    });
  }

  async #unload(): Promise<void> {
    const lease = this.#lease;
    this.#lease = undefined;
    this.#loadedKey = undefined;
    this.#loadedModelId = undefined;
    await lease?.release();
  }

  #inTurn<T>(call: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(call);
    this.#turn = result.catch(() => {}); // the failure is that of its caller, not of the next one
    return result;
  }
}

function modelOf(params: unknown): string | undefined {
  const model = (params as { readonly model?: unknown } | undefined)?.model;
  return typeof model === "string" ? model : undefined;
}

/**
 * A signal that aborts with either, and at the end of the request.
 * `AbortSignal.any` would keep a short-lived one as long as the other lives.
 */
function ownSignal(long: AbortSignal, short: AbortSignal | undefined): { signal: AbortSignal; end: () => void } {
  const controller = new AbortController();
  const onLong = () => controller.abort(long.reason);
  const onShort = () => controller.abort(short?.reason);
  long.addEventListener("abort", onLong, { once: true });
  short?.addEventListener("abort", onShort, { once: true });
  if (long.aborted) onLong();
  else if (short?.aborted) onShort();
  return {
    signal: controller.signal,
    end: () => {
      long.removeEventListener("abort", onLong);
      short?.removeEventListener("abort", onShort);
      controller.abort(new Error("the request has ended"));
    },
  };
}
