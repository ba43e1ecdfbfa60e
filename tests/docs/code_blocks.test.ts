import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { createRuntime, parseManifest } from "../../mod.ts";
import { findFiles, ROOT } from "../../scripts/lib/files.ts";
import { runProcess } from "../../scripts/lib/run_process.ts";
import { runtimePath } from "../../scripts/toolchain.ts";
import { onSources, printedLines, promisedLines } from "../_support/on_sources.ts";
import { type CodeBlock, codeBlocks } from "./_markdown.ts";

const isDeno = "Deno" in globalThis;
const DEADLINE_MS = 120_000;
const CHECKED_ONCE = "the same on every runtime: checked under Deno";

const documents = ["README.md", ...await findFiles("docs", (path) => /^docs\/[^/]+\.md$/.test(path))];
const blocks = (await Promise.all(
  documents.map(async (path) => codeBlocks(path, await readFile(join(ROOT, path), "utf8"))),
)).flat();
const ofLanguage = (language: string) => blocks.filter((block) => block.language === language);

describe("the TypeScript in the documents", () => {
  // Inside of the repository, whose node_modules it needs.
  let folder = "";
  const fileOf = new Map<CodeBlock, string>();

  before(async () => {
    await mkdir(join(ROOT, "out"), { recursive: true });
    folder = await mkdtemp(join(ROOT, "out", "docs-"));
    for (const block of ofLanguage("ts")) {
      // One folder for each document: its blocks may load each other by name.
      const place = join(folder, block.document.replace(/\W/g, "_"));
      await mkdir(place, { recursive: true });
      const file = join(place, block.fileName ?? `line_${block.line}.ts`);
      await writeFile(file, onSources(block.code));
      fileOf.set(block, file);
    }
  });
  after(() => rm(folder, { recursive: true, force: true }));

  for (const block of ofLanguage("ts")) {
    it(`runs, and prints what it says: ${block.document}:${block.line}`, async () => {
      const url = pathToFileURL(fileOf.get(block) as string).href;
      const lines = await printedLines(() => import(url));
      const promised = promisedLines(block.code);
      if (promised.length > 0) assert.deepEqual(lines, promised);
    });
  }

  it("type-checks", { skip: isDeno ? false : CHECKED_ONCE }, async () => {
    const args = ["check", "--quiet", ...fileOf.values()];
    const command = await runtimePath("deno");
    const result = await runProcess({ command, args, cwd: ROOT, env: { NO_COLOR: "1" }, deadlineMs: DEADLINE_MS });
    assert.ok(result.ok, result.output);
  });

  it("is in blocks that are checked: no variants such as `ts ignore`, no other name", () => {
    const others = blocks.filter(({ language }) => /^(ts\b.+|typescript|js|javascript)/.test(language));
    assert.deepEqual(others.map(({ document, line, language }) => `${document}:${line} ${language}`), []);
  });
});

describe("the manifests in the documents", () => {
  const manifests = [...ofLanguage("yaml"), ...ofLanguage("json")].filter(({ code }) => /\bversion"?: "?v1/.test(code));
  for (const { document, line, code } of manifests) {
    it(`can be opened: ${document}:${line}`, { skip: isDeno ? false : CHECKED_ONCE }, async () => {
      const runtime = await createRuntime();
      try {
        assert.deepEqual(await runtime.validate(await parseManifest(code)), []);
      } finally {
        await runtime.close();
      }
    });
  }
});
