/**
 * The part of `@huggingface/transformers` that is used, and how it is loaded.
 *
 * It is no dependency of this package: it is large, brings native code along,
 * and most applications do not need it. Whoever does installs it beside.
 *
 * @module
 */

import { withoutNullOrigin } from "../../core/node/null_origin.ts";
import { runnerError } from "../../runners/mod.ts";

/** Its name. No literal in `import`: a type checker or bundler must not look for what may not be there. */
export const LIBRARY = "@huggingface/transformers";
/** Version that is tested. */
export const LIBRARY_VERSION = "4.3.1";

/** A tensor of the library. */
export interface Tensor {
  readonly data: Float32Array | BigInt64Array;
  readonly dims: readonly number[];
}

/** What turns text into tokens, and back. */
export interface Tokenizer {
  readonly chat_template?: unknown;
  decode(ids: readonly number[], options: { readonly skip_special_tokens: boolean }): string;
  apply_chat_template(
    messages: readonly object[],
    options: { readonly add_generation_prompt: boolean; readonly tokenize: false },
  ): string;
  encode(text: string, options?: { readonly add_special_tokens: boolean }): number[];
}

/** What the model has seen so far: its keys and values. */
export interface Cache {
  dispose(): Promise<void>;
}

/** Numbers of a model that are read, of `config.json` and `generation_config.json`. */
export interface ModelConfig {
  readonly eos_token_id?: number | readonly number[] | null;
  readonly max_position_embeddings?: number;
  readonly n_positions?: number;
  readonly max_new_tokens?: number | null;
}

/** A causal language model. */
export interface Model {
  readonly config: ModelConfig;
  readonly generation_config: ModelConfig | null;
  generate(options: object): Promise<{ readonly sequences: Tensor; readonly past_key_values: Cache }>;
  dispose(): Promise<unknown>;
}

/** What a load tells of itself. */
export interface LoadEvent {
  readonly status: string;
  readonly progress?: number;
}

/** The library. */
export interface Library {
  readonly env: {
    allowRemoteModels: boolean;
    allowLocalModels: boolean;
    useFSCache: boolean;
    useBrowserCache: boolean;
  };
  readonly AutoTokenizer: { from_pretrained(path: string, options: object): Promise<Tokenizer> };
  readonly AutoModelForCausalLM: { from_pretrained(path: string, options: object): Promise<Model> };
  readonly Tensor: new (type: "int64", data: BigInt64Array, dims: readonly number[]) => Tensor;
}

/** Imports the library. */
export type ImportLibrary = () => Promise<Library>;

/**
 * The library, with remote loading off: models come from folders alone.
 *
 * @throws {StreamrackError} `model-load-failed` (E502) if it is not installed, or cannot run here.
 */
export async function loadLibrary(importLibrary: ImportLibrary): Promise<Library> {
  let library: Library;
  try {
    library = await withoutNullOrigin(importLibrary);
  } catch (cause) {
    throw runnerError("E502", `${LIBRARY} cannot be loaded, which runs local models`, {
      cause,
      remedy: `Install it beside this package: npm install ${LIBRARY}@${LIBRARY_VERSION}`,
    });
  }
  const { env } = library;
  env.allowRemoteModels = false;
  env.allowLocalModels = true;
  // Files that are there already need no second place.
  env.useFSCache = false;
  env.useBrowserCache = false;
  return library;
}

/** The library as it is installed beside this package. */
export const importInstalled: ImportLibrary = () => import(LIBRARY as string);
