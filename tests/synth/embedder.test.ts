/** The example of a model of meaning, with the real library and a tiny model of the right form. */

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { makeSentenceModel } from "../../scripts/make_sentence_model.ts";
import { rejectionOf } from "../_support/errors.ts";
import { libraryUrl } from "../_support/transformers.ts";
import { withSynth } from "./_synth.ts";

const EXAMPLE = new URL("../../examples/synth/sentence_embedder.js", import.meta.url);
const found = await libraryUrl();
const skip = "missing" in found ? `no library for models: ${found.missing}` : false;

describe("a model of meaning that is run by @huggingface/transformers", { skip }, () => {
  it("finds presets of which the prompt has no word, as the example shows", async () => {
    const folder = await mkdtemp(join(tmpdir(), "streamrack-embedder-"));
    try {
      const { href } = found as { href: string };
      const code = await readFile(EXAMPLE, "utf8");
      await writeFile(join(folder, "embedder.mjs"), code.replace('"@huggingface/transformers"', `"${href}"`));
      const embedder = pathToFileURL(join(folder, "embedder.mjs"));
      await withSynth(async (synth) => {
        assert.match(
          (await rejectionOf(synth.search("whale"))).message,
          /could not be loaded/,
          "there is no model yet",
        );
      }, { embedder });
      await makeSentenceModel(join(folder, "all-MiniLM-L6-v2"));
      await withSynth(async (synth) => {
        for (const [prompt, id] of [["whale", "ocean-waves"], ["cathedral", "drawbar-organ"]] as const) {
          const [best, second] = await synth.search(prompt, { limit: 2 });
          assert.equal(best?.id, id);
          assert.ok((best?.similarity ?? 0) > (second?.similarity ?? 1), JSON.stringify([best, second]));
        }
        const { report } = await synth.generateAudio({ prompt: "whale", durationS: 0.1, channels: 1 });
        assert.equal(report.decision.presetId, "ocean-waves");
        // What was found is in the trace: it is replayed without the model.
        await withSynth(async (other) => {
          assert.equal((await other.replay(report.trace)).report.trace.graphHash, report.trace.graphHash);
        });
      }, { embedder });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
