/**
 * The files of a local model.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { StreamrackError } from "../../core/plugin.ts";
import { modelFilesProblem } from "../../runners/mod.ts";
import type { DTYPES } from "./local_model.ts";

type Dtype = typeof DTYPES[number];

/** What stands behind `model` in the name of a file of each kind of numbers. */
const SUFFIXES: { readonly [D in Exclude<Dtype, "auto">]: string } = {
  fp32: "",
  fp16: "_fp16",
  q8: "_quantized",
  int8: "_int8",
  uint8: "_uint8",
  q4: "_q4",
  q4f16: "_q4f16",
  bnb4: "_bnb4",
};

/** Why a model cannot be read: E500 for files that are missing; `undefined` if all are there. */
export async function localFilesProblem(folder: string, dtype: Dtype): Promise<StreamrackError | undefined> {
  const names = ["config.json", "tokenizer.json", "tokenizer_config.json"];
  const network = dtype === "auto" ? await networkByConfig(folder) : `onnx/model${SUFFIXES[dtype]}.onnx`;
  return await modelFilesProblem({
    title: `the model in ${folder}`,
    paths: [...names, ...network === undefined ? [] : [network]].map((name) => join(folder, name)),
    param: "params.model",
    remedy: `Put the files of a model there: ${names.join(", ")}, and onnx/model*.onnx for dtype "${dtype}".`,
  });
}

/** The network that `config.json` asks for; `undefined` where only the library can tell. */
async function networkByConfig(folder: string): Promise<string | undefined> {
  try {
    const config = JSON.parse(await readFile(join(folder, "config.json"), "utf8"));
    const dtype: unknown = config["transformers.js_config"]?.dtype ?? "fp32";
    return typeof dtype === "string" && Object.hasOwn(SUFFIXES, dtype)
      ? `onnx/model${SUFFIXES[dtype as keyof typeof SUFFIXES]}.onnx`
      : undefined;
  } catch {
    return undefined; // it is missing, or broken: others say so
  }
}
