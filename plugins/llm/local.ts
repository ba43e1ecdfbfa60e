/**
 * `llm.local`: language models on this machine.
 *
 * @module
 */

import { resolve } from "node:path";
import * as v from "valibot";
import type { Metadata, Progress } from "../../core/plugin.ts";
import { type AnyRunnerType, type Clock, defineRunner, runnerError } from "../../runners/mod.ts";
import { localFilesProblem } from "./local_files.ts";
import { importInstalled, type ImportLibrary, loadLibrary } from "./local_library.ts";
import { DEVICES, DTYPES, LocalModel, variantOf } from "./local_model.ts";
import { messagesParam, toMessages } from "./messages.ts";
import { generationParams } from "./params.ts";
import { type Fragment, shape, type Tally } from "./shape.ts";
import { TokenText } from "./token_text.ts";

/** Where neither the request nor the model says how long an answer may get. */
const DEFAULT_MAX_TOKENS = 512;
const THREADS_MAX = 256;
/** No token stands for more: what could not fit the context is not cut into tokens at all, which would take seconds. */
const TOKEN_MAX_CHARS = 256;

/** Parameters of `llm.local`. */
const params = v.object({
  model: v.pipe(
    v.string(),
    v.minLength(1),
    v.description(
      "Folder of the model, absolute or relative to the current one: config.json, tokenizer.json, " +
        "tokenizer_config.json, onnx/model*.onnx. Nothing is downloaded.",
    ),
  ),
  dtype: v.optional(
    v.pipe(
      v.picklist(DTYPES),
      v.description('Which of its files is taken. "auto": as its config.json says, else fp32.'),
    ),
    "auto",
  ),
  device: v.optional(
    v.pipe(v.picklist(DEVICES), v.description('What it runs on. "auto": as its config.json says, else the processor.')),
    "auto",
  ),
  threads: v.optional(
    v.pipe(
      v.number(),
      v.integer(),
      v.minValue(1),
      v.maxValue(THREADS_MAX),
      v.description(`Threads of the processor, 1 to ${THREADS_MAX}. Default: as many as ONNX Runtime thinks fit.`),
    ),
  ),
  ...generationParams,
  messages: messagesParam,
});

/** What is known of an answer while it grows. */
class Answer implements Tally {
  readonly #clock: Clock;
  readonly #startedMs: number;
  readonly #promptTokens: number;
  readonly #maxTokens: number;
  #firstMs: number | undefined;
  #tokens = 0;
  finishReason: "stop" | "length" | undefined;

  constructor(clock: Clock, promptTokens: number, maxTokens: number) {
    this.#clock = clock;
    this.#startedMs = clock.now();
    this.#promptTokens = promptTokens;
    this.#maxTokens = maxTokens;
  }

  get tokens(): number {
    return this.#tokens;
  }

  count(): void {
    this.#firstMs ??= this.#clock.now();
    this.#tokens += 1;
  }

  /** Milliseconds for a token; `undefined` before the second one. */
  #msPerToken(): number | undefined {
    if (this.#firstMs === undefined || this.#tokens < 2) return undefined;
    return (this.#clock.now() - this.#firstMs) / (this.#tokens - 1);
  }

  metadata(): Metadata {
    const msPerToken = this.#msPerToken();
    const [prompt, completion] = [this.#promptTokens, this.#tokens];
    return {
      tokens: completion,
      ...msPerToken === undefined || msPerToken === 0
        ? {}
        : { tokensPerSecond: Math.round(10 * 1000 / msPerToken) / 10 },
      ...this.#firstMs === undefined ? {} : { firstTextMs: Math.round(this.#firstMs - this.#startedMs) },
      ...this.finishReason === undefined ? {} : {
        finishReason: this.finishReason,
        usage: { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion },
      },
    };
  }

  progress(): Progress {
    if (this.finishReason !== undefined) return { progressPercent: 100 };
    const msPerToken = this.#msPerToken();
    return {
      progressPercent: 100 * this.#tokens / this.#maxTokens,
      ...msPerToken === undefined
        ? {}
        : { estimatedRemainingMs: Math.round(msPerToken * (this.#maxTokens - this.#tokens)) },
    };
  }
}

/** Makes the runner, with a library that is loaded as told. */
export function defineLocal(importLibrary: ImportLibrary): AnyRunnerType {
  return defineRunner({
    type: "llm.local",
    summary:
      "Continues text by a model on this machine; needs @huggingface/transformers, which is not installed with it.",
    vendor: "huggingface",
    capabilities: ["llm"],
    streaming: true,
    params,
    modelVariant: variantOf,
    async unavailable({ model, dtype }) {
      const problem = await localFilesProblem(resolve(model), dtype);
      if (problem !== undefined) return problem;
      try {
        await loadLibrary(importLibrary);
        return undefined;
      } catch (thrown) {
        return thrown as ReturnType<typeof runnerError>;
      }
    },
    async load({ params: { model, dtype, device, threads }, onProgress }) {
      const library = await loadLibrary(importLibrary);
      return await LocalModel.load(library, { folder: resolve(model), dtype, device, threads, onProgress });
    },
    unload: (model) => model.unload(),
    async *run(request, { model, params, signal, clock }) {
      const messages = toMessages(request, params);
      const chars = request.inputs.text?.length ?? 0;
      if (chars > model.contextTokens * TOKEN_MAX_CHARS) throw tooLong(`${chars} characters`, model);
      const prompt = model.encode(messages);
      const room = model.contextTokens - prompt.length;
      if (prompt.length === 0) throw runnerError("E400", "the text has no token");
      if (room < 1) throw tooLong(`${prompt.length} tokens`, model);
      const maxTokens = Math.min(params.maxTokens ?? model.maxNewTokens ?? DEFAULT_MAX_TOKENS, room);
      const answer = new Answer(clock, prompt.length, maxTokens);
      const options = { ...params, maxTokens };
      return yield* shape(fragments(model, prompt, answer, options, signal), answer, { ...params, clock });
    },
  });
}

function tooLong(received: string, { contextTokens }: LocalModel): Error {
  const [message, expected] = ["is too long with what is said before it", `less than ${contextTokens} tokens`];
  return runnerError("E400", "the text is too long for the model", {
    problems: [{ path: "inputs.text", message, received, expected }],
  });
}

async function* fragments(
  model: LocalModel,
  prompt: readonly number[],
  answer: Answer,
  { maxTokens, maxOutputChars, temperature }: {
    maxTokens: number;
    maxOutputChars: number;
    temperature?: number | undefined;
  },
  signal: AbortSignal,
): AsyncGenerator<Fragment, void, void> {
  const text = new TokenText(model.decode);
  let chars = 0;
  const checked = (piece: string): string => {
    chars += piece.length;
    if (chars <= maxOutputChars) return piece;
    throw runnerError("E504", `the answer is longer than ${maxOutputChars} characters`, {
      remedy: "Raise maxOutputChars, or lower maxTokens.",
      retryable: false,
    });
  };
  for await (const { id, confidence, isEnd } of model.generate(prompt, { temperature }, signal)) {
    if (isEnd) {
      answer.finishReason = "stop";
      break;
    }
    answer.count();
    const piece = checked(text.push(id));
    if (answer.tokens >= maxTokens) answer.finishReason = "length";
    // The last piece of a character brings the text of all of them; each has its confidence.
    yield { text: piece, confidence };
    if (answer.finishReason !== undefined) break;
  }
  const rest = checked(text.end());
  if (rest !== "") yield { text: rest };
}

/**
 * Asks a language model that is in a folder of this machine, run by ONNX
 * Runtime: the models in the ONNX format of Hugging Face's hub. Nothing is
 * downloaded, and no network is used. `@huggingface/transformers` has to be
 * installed beside this package.
 *
 * Every result has the metadata `tokens`, `tokensPerSecond`, `firstTextMs` and
 * `confidence` (how likely the model held the tokens to be, 0 to 1, in the
 * mean), and progress towards `maxTokens`; the final one has `finishReason`
 * (`"stop"` or `"length"`) and `usage`. A cancel ends it between two tokens.
 *
 * @throws {StreamrackError} E500 for a folder where files of a model are missing, E502 for a model that cannot be loaded
 * or where the library is not installed, E503 for a device that is not there, E400 for a text without room for an answer, E504.
 */
export const local: AnyRunnerType = defineLocal(importInstalled);
