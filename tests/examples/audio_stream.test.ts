import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { findFiles, ROOT } from "../../scripts/lib/files.ts";
import { onSources, printedLines, promisedLines } from "../_support/on_sources.ts";

const files = await findFiles("examples/audio_stream", (path) => path.endsWith(".ts"));

describe("examples/audio_stream", () => {
  // Inside of the repository, whose node_modules they need.
  let folder = "";
  before(async () => {
    await mkdir(join(ROOT, "out"), { recursive: true });
    folder = await mkdtemp(join(ROOT, "out", "examples-"));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it("has one for each thing to be shown", () => assert.equal(files.length, 6));

  for (const file of files) {
    it(`${basename(file)} runs, and prints what it says`, async () => {
      const code = await readFile(join(ROOT, file), "utf8");
      const copy = join(folder, basename(file));
      await writeFile(copy, onSources(code));
      const lines = await printedLines(() => import(pathToFileURL(copy).href));
      const promised = promisedLines(code);
      assert.ok(promised.length > 0);
      assert.deepEqual(lines, promised);
    });
  }
});
