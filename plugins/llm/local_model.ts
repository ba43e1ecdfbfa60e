/**
 * A language model in memory, run by ONNX Runtime.
 *
 * @module
 */

import { type JsonValue, StreamrackError } from "../../core/plugin.ts";
import { runnerError } from "../../runners/mod.ts";
import type { Cache, Library, LoadEvent, Model, Tokenizer } from "./local_library.ts";
import type { Message } from "./messages.ts";

/** Numbers that a model may be stored in. */
export const DTYPES = ["auto", "fp32", "fp16", "q8", "int8", "uint8", "q4", "q4f16", "bnb4"] as const;
/** What a model may run on. */
export const DEVICES = ["auto", "cpu", "gpu", "webgpu", "cuda", "dml", "coreml"] as const;

/** How a model is loaded. */
export interface LocalModelOptions {
  /** Absolute path. */
  readonly folder: string;
  readonly dtype: typeof DTYPES[number];
  readonly device: typeof DEVICES[number];
  /** Threads of the processor. Default: as many as ONNX Runtime thinks fit. */
  readonly threads?: number | undefined;
  readonly onProgress: (percent: number) => void;
}

/** How tokens are chosen. */
export interface Sampling {
  /** 0: always the likeliest. Default: as the model says. */
  readonly temperature?: number | undefined;
}

/** One token. */
export interface Token {
  readonly id: number;
  /** How likely the model held it to be, 0 to 1, before temperature and the like. */
  readonly confidence: number;
  /** Whether it is the one that ends an answer. */
  readonly isEnd: boolean;
}

/** Part of loading that is over when the tokenizer is there, in percent. */
const TOKENIZER_PERCENT = 10;

/** A model with its tokenizer. Requests of several sessions take turns, token by token. */
export class LocalModel {
  readonly #library: Library;
  readonly #tokenizer: Tokenizer;
  readonly #model: Model;
  readonly #endIds: ReadonlySet<number>;
  /** ONNX Runtime takes one call of a model at a time. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(library: Library, tokenizer: Tokenizer, model: Model) {
    this.#library = library;
    this.#tokenizer = tokenizer;
    this.#model = model;
    this.#endIds = new Set([model.generation_config?.eos_token_id ?? model.config.eos_token_id ?? []].flat());
  }

  /** @throws {StreamrackError} `model-load-failed` (E502), or `hardware-unsupported` (E503) for a device that is not there. */
  static async load(library: Library, options: LocalModelOptions): Promise<LocalModel> {
    const { folder, dtype, device, threads, onProgress } = options;
    const local = { local_files_only: true };
    try {
      onProgress(0);
      const tokenizer = await library.AutoTokenizer.from_pretrained(folder, local);
      onProgress(TOKENIZER_PERCENT);
      const model = await library.AutoModelForCausalLM.from_pretrained(folder, {
        ...local,
        dtype,
        device: device === "auto" ? null : device,
        session_options: threads === undefined ? {} : { intraOpNumThreads: threads, interOpNumThreads: 1 },
        progress_callback: ({ status, progress = 0 }: LoadEvent) => {
          if (status !== "progress_total") return;
          onProgress(TOKENIZER_PERCENT + progress * (100 - TOKENIZER_PERCENT) / 100);
        },
      });
      onProgress(100);
      return new LocalModel(library, tokenizer, model);
    } catch (thrown) {
      const cause = StreamrackError.from(thrown, "model-load-failed");
      const isOnProcessor = device === "auto" || device === "cpu";
      if (!isOnProcessor && /unsupported device|adapter|provider|cuda|driver/i.test(cause.detail)) {
        throw runnerError("E503", `the model cannot run on "${device}" here`, {
          cause,
          remedy: 'Leave device "auto".',
        });
      }
      throw runnerError("E502", `the model in ${folder} cannot be loaded: ${cause.detail.split("\n")[0]}`, {
        cause,
        remedy: "Fetch its files anew; they have to be in the form of Hugging Face's hub for ONNX Runtime.",
      });
    }
  }

  /** Most tokens of a prompt and its answer together. */
  get contextTokens(): number {
    const { max_position_embeddings: most, n_positions: other } = this.#model.config;
    return most ?? other ?? Infinity;
  }

  /** Most tokens of an answer, where the model says. */
  get maxNewTokens(): number | undefined {
    return this.#model.generation_config?.max_new_tokens ?? undefined;
  }

  /** The tokens of a chat: by the template of the model; one without template continues the bare text. */
  encode(messages: readonly Message[]): number[] {
    if (this.#tokenizer.chat_template === undefined || this.#tokenizer.chat_template === null) {
      const text = messages.map(({ content }) => String(content ?? "")).join("\n");
      return this.#tokenizer.encode(text);
    }
    const text = this.#tokenizer.apply_chat_template(messages, { add_generation_prompt: true, tokenize: false });
    return this.#tokenizer.encode(text, { add_special_tokens: false });
  }

  /** The text of tokens. */
  readonly decode = (ids: readonly number[]): string =>
    ids.length === 0 ? "" : this.#tokenizer.decode(ids, { skip_special_tokens: true });

  /**
   * Continues tokens, one by one, for as long as the reader asks. Between two
   * tokens other work of the thread gets its turn.
   */
  async *generate(
    prompt: readonly number[],
    sampling: Sampling,
    signal: AbortSignal,
  ): AsyncGenerator<Token, void, void> {
    const ids = [...prompt];
    let cache: Cache | undefined;
    try {
      for (;;) {
        // A run on the processor may not leave the thread: an abort could not come in otherwise.
        await new Promise((resolve) => setTimeout(resolve, 0));
        signal.throwIfAborted();
        const step = await this.#inTurn(() => this.#step(ids, cache, sampling));
        cache = step.cache;
        ids.push(step.token.id);
        yield step.token;
      }
    } finally {
      await cache?.dispose();
    }
  }

  /** Frees the memory of the model. Whatever runs ends first. */
  async unload(): Promise<void> {
    await this.#inTurn(() => this.#model.dispose());
  }

  async #step(ids: readonly number[], cache: Cache | undefined, { temperature }: Sampling) {
    const { Tensor } = this.#library;
    const dims = [1, ids.length];
    let logits = new Float32Array(0);
    const { sequences, past_key_values } = await this.#model.generate({
      input_ids: new Tensor("int64", BigInt64Array.from(ids, BigInt), dims),
      attention_mask: new Tensor("int64", new BigInt64Array(ids.length).fill(1n), dims),
      ...cache === undefined ? {} : { past_key_values: cache, begin_suppress_tokens: null },
      return_dict_in_generate: true,
      max_new_tokens: 1,
      // Each token is an answer by itself here: what the model wants of a whole answer would hold for each.
      min_new_tokens: null,
      forced_eos_token_id: null,
      ...temperature === undefined ? {} : temperature === 0 ? { do_sample: false } : { do_sample: true, temperature },
      logits_processor: [(_: unknown, scores: { readonly data: Float32Array }) => {
        logits = scores.data.slice();
        return scores;
      }],
    });
    const id = Number(sequences.data.at(-1));
    const token: Token = { id, confidence: softmaxAt(logits, id), isEnd: this.#endIds.has(id) };
    return { token, cache: past_key_values };
  }

  #inTurn<T>(call: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(call);
    this.#turn = result.catch(() => {}); // the failure is that of its caller, not of the next one
    return result;
  }
}

/** One value of the softmax of logits. */
export function softmaxAt(logits: Float32Array, index: number): number {
  let most = -Infinity;
  for (const logit of logits) most = Math.max(most, logit);
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - most);
  return Math.exp((logits[index] ?? -Infinity) - most) / sum;
}

/** For the key of a loaded model: the same folder with other numbers is another model. */
export function variantOf({ dtype, device, threads }: Omit<LocalModelOptions, "folder" | "onProgress">): JsonValue {
  return [dtype, device, threads ?? null];
}
