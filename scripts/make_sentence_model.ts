/**
 * Makes a tiny model for sentences in the form of those of Hugging Face's hub:
 * config.json, tokenizer.json, tokenizer_config.json, onnx/model.onnx. It is a
 * real network (a table of vectors, one for each word) that knows a few words
 * by heart; so tests can tell what has to be near to what.
 *
 * Run with `deno run -A scripts/make_sentence_model.ts <folder>`, or with bun
 * or node. The same words give the same bytes.
 *
 * @module
 */

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { writeOnnx } from "./lib/onnx.ts";

/** Words that mean about the same, in the eyes of the model. All others have no meaning. */
export const MEANINGS: readonly (readonly string[])[] = [
  ["whale", "ocean", "waves", "sea"],
  ["cathedral", "organ", "drawbar", "church"],
];
const SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"];

/** Writes the files of a model into a folder, which is made if need be. */
export async function makeSentenceModel(folder: string): Promise<void> {
  const words = [...SPECIAL, ...MEANINGS.flat()];
  const size = MEANINGS.length + 1;
  // A word without a meaning has a small part of a direction of its own, as every sentence has.
  const vectors = words.flatMap((word) => [0.1, ...MEANINGS.map((group) => group.includes(word) ? 1 : 0)]);
  const vocab = Object.fromEntries(words.map((word, id) => [word, id]));
  const files = {
    "config.json": {
      architectures: ["BertModel"],
      model_type: "bert",
      vocab_size: words.length,
      hidden_size: size,
      num_hidden_layers: 0,
      num_attention_heads: 1,
      max_position_embeddings: 512,
    },
    "tokenizer_config.json": {
      tokenizer_class: "BertTokenizer",
      do_lower_case: true,
      unk_token: "[UNK]",
      pad_token: "[PAD]",
      cls_token: "[CLS]",
      sep_token: "[SEP]",
      model_max_length: 512,
    },
    "tokenizer.json": {
      version: "1.0",
      truncation: null,
      padding: null,
      added_tokens: SPECIAL.map((content, id) => ({
        id,
        content,
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
        special: true,
      })),
      normalizer: {
        type: "BertNormalizer",
        clean_text: true,
        handle_chinese_chars: true,
        strip_accents: null,
        lowercase: true,
      },
      pre_tokenizer: { type: "BertPreTokenizer" },
      post_processor: null,
      decoder: { type: "WordPiece", prefix: "##", cleanup: true },
      model: {
        type: "WordPiece",
        unk_token: "[UNK]",
        continuing_subword_prefix: "##",
        max_input_chars_per_word: 100,
        vocab,
      },
    },
  };
  await mkdir(join(folder, "onnx"), { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(folder, name), `${JSON.stringify(content, null, 2)}\n`);
  }
  const input = (name: string) => ({ name, type: "int64", dims: ["batch", "tokens"] }) as const;
  await writeFile(
    join(folder, "onnx", "model.onnx"),
    writeOnnx({
      name: "tiny_sentence_model",
      inputs: [input("input_ids"), input("attention_mask"), input("token_type_ids")],
      outputs: [{ name: "last_hidden_state", type: "float", dims: ["batch", "tokens", size] }],
      tensors: [{ name: "vectors", dims: [words.length, size], data: Float32Array.from(vectors) }],
      nodes: [{ op: "Gather", inputs: ["vectors", "input_ids"], outputs: ["last_hidden_state"] }],
    }),
  );
}

if (import.meta.main) {
  const [folder] = process.argv.slice(2);
  if (folder === undefined) {
    console.error("usage: make_sentence_model.ts <folder>");
    process.exit(2);
  }
  await makeSentenceModel(folder);
}
