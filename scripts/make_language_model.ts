/**
 * Makes a tiny language model in the form of those of Hugging Face's hub:
 * config.json, tokenizer.json, tokenizer_config.json, generation_config.json,
 * onnx/model.onnx. It is a real network (one layer of attention with a cache
 * of keys and values) that knows one answer by heart, word after word, for
 * whatever it is asked; so tests can tell what has to come.
 *
 * Run with `deno run -A scripts/make_language_model.ts <folder>`, or with bun
 * or node. The same words give the same bytes.
 *
 * @module
 */

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { writeOnnx } from "./lib/onnx.ts";

/** What a model says, and how. */
export interface LanguageModelOptions {
  /**
   * Tokens of the answer, none twice. A token is a word with the space before
   * it, or one byte (a number): tokens can be parts of characters.
   */
  readonly answer?: readonly (string | number)[];
  /** Begins again after the last token, instead of ending. Default: false. */
  readonly isEndless?: boolean;
  /** Whether it has a template for chats. Default: true. */
  readonly hasTemplate?: boolean;
  /** Most tokens of question and answer. Default: 512. */
  readonly contextTokens?: number;
}

/** "Once upon a time. The end has come! 🎉", the party popper byte by byte. */
export const ANSWER: readonly (string | number)[] = [
  ...["Once", " upon", " a", " time", ".", " The", " end", " has", " come", "!"],
  ...new TextEncoder().encode(" 🎉"),
];
const SPECIAL = ["<|end|>", "<|system|>", "<|user|>", "<|assistant|>"];
/** Size of keys and values. */
const HEAD = 8;
/** Logit of the token that comes next; all others are near 0. */
const CERTAIN = 9;

const CHAT_TEMPLATE = "{% for message in messages %}{{ '<|' + message.role + '|>' + message.content }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}";

/** Writes the files of a model into a folder, which is made if need be. */
export async function makeLanguageModel(folder: string, options: LanguageModelOptions = {}): Promise<void> {
  const { answer = ANSWER, isEndless = false, hasTemplate = true, contextTokens = 512 } = options;
  const vocabulary = [...byteTokens(), ...answer.filter((token) => typeof token === "string").map(toByteLevel)];
  const words = [...new Set(vocabulary)];
  const tokens = [...words, ...SPECIAL];
  const idOf = (token: string | number) => typeof token === "number" ? token : tokens.indexOf(toByteLevel(token));
  const [first = 0, ...rest] = answer.map(idOf);
  const end = tokens.indexOf("<|end|>");
  const next = new Array<number>(tokens.length).fill(first);
  [first, ...rest].forEach((id, i) => next[id] = rest[i] ?? (isEndless ? first : end));

  const files = {
    "config.json": {
      architectures: ["LlamaForCausalLM"],
      model_type: "llama",
      vocab_size: tokens.length,
      hidden_size: HEAD,
      intermediate_size: HEAD,
      num_hidden_layers: 1,
      num_attention_heads: 1,
      num_key_value_heads: 1,
      max_position_embeddings: contextTokens,
      eos_token_id: end,
    },
    "generation_config.json": { eos_token_id: end },
    "tokenizer.json": makeTokenizer(words),
    "tokenizer_config.json": {
      tokenizer_class: "PreTrainedTokenizerFast",
      eos_token: "<|end|>",
      clean_up_tokenization_spaces: false,
      ...hasTemplate ? { chat_template: CHAT_TEMPLATE } : {},
    },
  };
  await mkdir(join(folder, "onnx"), { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(folder, name), `${JSON.stringify(content, null, 2)}\n`);
  }
  await writeFile(join(folder, "onnx", "model.onnx"), makeNetwork(next));
}

function makeTokenizer(words: readonly string[]): object {
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true };
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: SPECIAL.map((content, i) => ({
      id: words.length + i,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: null,
    decoder: byteLevel,
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      vocab: Object.fromEntries(words.map((word, id) => [word, id])),
      // No two tokens are ever put together: questions are read byte by byte, and only answers have words.
      merges: [],
    },
  };
}

/**
 * The logits are a table of what follows each token, plus what attention adds,
 * which is too little to change the choice. There is no mask: the logits of
 * the last position are the only ones that are used, and it may see all.
 */
function makeNetwork(next: readonly number[]): Uint8Array {
  const size = next.length;
  const weights = (name: string, ...dims: number[]) => ({
    name,
    dims,
    data: Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => spread(i)),
  });
  const table = new Float32Array(size * size);
  next.forEach((id, from) => table[from * size + id] = CERTAIN);
  const past = (part: string) => `past_key_values.0.${part}`;
  const cache = (name: string, length: string) => ({ name, type: "float", dims: ["batch", 1, length, HEAD] }) as const;
  const project = (name: string) => [
    { op: "MatMul", inputs: ["embedded", `w_${name}`], outputs: [`flat_${name}`] },
    { op: "Unsqueeze", inputs: [`flat_${name}`, "heads"], outputs: [name] },
  ];
  return writeOnnx({
    name: "tiny_language_model",
    inputs: [
      { name: "input_ids", type: "int64", dims: ["batch", "tokens"] },
      { name: "attention_mask", type: "int64", dims: ["batch", "all_tokens"] },
      cache(past("key"), "past_tokens"),
      cache(past("value"), "past_tokens"),
    ],
    outputs: [
      { name: "logits", type: "float", dims: ["batch", "tokens", size] },
      cache("present.0.key", "all_tokens"),
      cache("present.0.value", "all_tokens"),
    ],
    tensors: [
      { name: "table", dims: [size, size], data: table },
      { name: "heads", dims: [1], data: BigInt64Array.of(1n) },
      weights("embedding", size, HEAD),
      ...["q", "k", "v"].map((name) => weights(`w_${name}`, HEAD, HEAD)),
      weights("w_out", HEAD, size),
    ],
    nodes: [
      { op: "Gather", inputs: ["embedding", "input_ids"], outputs: ["embedded"] },
      ...["q", "k", "v"].flatMap(project),
      { op: "Concat", inputs: [past("key"), "k"], outputs: ["present.0.key"], attributes: { axis: 2 } },
      { op: "Concat", inputs: [past("value"), "v"], outputs: ["present.0.value"], attributes: { axis: 2 } },
      { op: "Transpose", inputs: ["present.0.key"], outputs: ["keys"], attributes: { perm: [0, 1, 3, 2] } },
      { op: "MatMul", inputs: ["q", "keys"], outputs: ["scores"] },
      { op: "Softmax", inputs: ["scores"], outputs: ["shares"], attributes: { axis: 3 } },
      { op: "MatMul", inputs: ["shares", "present.0.value"], outputs: ["seen"] },
      { op: "Squeeze", inputs: ["seen", "heads"], outputs: ["flat_seen"] },
      { op: "MatMul", inputs: ["flat_seen", "w_out"], outputs: ["added"] },
      { op: "Gather", inputs: ["table", "input_ids"], outputs: ["known"] },
      { op: "Add", inputs: ["known", "added"], outputs: ["logits"] },
    ],
  });
}

/** The characters that stand for the 256 bytes in tokenizers of the family of GPT-2: printable ones for themselves. */
function byteTokens(): string[] {
  let others = 0;
  return Array.from({ length: 256 }, (_, byte) => {
    const isPrintable = (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
    return String.fromCodePoint(isPrintable ? byte : 256 + others++);
  });
}

function toByteLevel(token: string): string {
  const characters = byteTokens();
  return Array.from(new TextEncoder().encode(token), (byte) => characters[byte]).join("");
}

/** Numbers between -0.5 and 0.5, spread evenly (multiples of the golden ratio), the same every time. */
function spread(index: number): number {
  return (Math.imul(index + 1, 0x9e3779b9) >>> 0) / 2 ** 32 - 0.5;
}

if (import.meta.main) {
  const [folder] = process.argv.slice(2);
  if (folder === undefined) {
    console.error("usage: make_language_model.ts <folder>");
    process.exit(2);
  }
  await makeLanguageModel(folder);
}
