/**
 * A model of meaning for the search of the synth:
 *
 *     npm install @huggingface/transformers@4.3.1
 *     streamrack synth "the sea at night" --embedder ./sentence_embedder.js -o sea.wav
 *
 * Beside this file lies the folder of a model for sentences with its files
 * `config.json`, `tokenizer.json`, `tokenizer_config.json` and
 * `onnx/model.onnx`, such as `Xenova/all-MiniLM-L6-v2` from Hugging Face's hub.
 * Nothing is fetched from the network.
 */

import { fileURLToPath } from "node:url";

const LIBRARY = "@huggingface/transformers";
const { env, pipeline } = await import(LIBRARY);

const MODEL = fileURLToPath(new URL("./all-MiniLM-L6-v2", import.meta.url));

env.allowRemoteModels = false;
env.allowLocalModels = true;
const extract = await pipeline("feature-extraction", MODEL, { dtype: "fp32", local_files_only: true });

export default {
  /** One vector for each text. */
  async embed(texts) {
    return (await extract([...texts], { pooling: "mean", normalize: true })).tolist();
  },
};
