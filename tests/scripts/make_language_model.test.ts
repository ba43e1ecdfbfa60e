import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { findFiles } from "../../scripts/lib/files.ts";
import { makeLanguageModel } from "../../scripts/make_language_model.ts";

// That ONNX Runtime takes them is shown by tests/runners/llm_local.test.ts.
describe("makeLanguageModel", () => {
  it("writes the same bytes for the same words, and others for others", async () => {
    const folder = await mkdtemp(join(tmpdir(), "streamrack-model-"));
    try {
      const read = async (name: string) => {
        const paths = await findFiles("", () => true, join(folder, name));
        return await Promise.all(paths.map(async (path) => [path, await readFile(join(folder, name, path), "base64")]));
      };
      await makeLanguageModel(join(folder, "a"));
      await makeLanguageModel(join(folder, "b"));
      await makeLanguageModel(join(folder, "c"), { answer: ["No", " way", "."] });
      const [a, b, c] = [await read("a"), await read("b"), await read("c")];
      assert.deepEqual(a.map(([path]) => path), [
        "config.json",
        "generation_config.json",
        "onnx/model.onnx",
        "tokenizer.json",
        "tokenizer_config.json",
      ]);
      assert.deepEqual(b, a);
      assert.notDeepEqual(c[2], a[2]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
