import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { ALL, CATALOG } from "../../bench/contenders/catalog.ts";
import type { PipeOptions } from "../../bench/contenders/contract.ts";
import { CODECS } from "../../bench/contenders/json_codecs.ts";
import { checkPipe, loadContender, makeChunks } from "../../bench/harness/pipes.ts";
import { findFiles, ROOT } from "../../scripts/lib/files.ts";

/** Opens a contender, checks it, moves more chunks than the window, and checks it again. */
async function tryContender(name: string, options: PipeOptions): Promise<void> {
  const contender = await loadContender(name);
  const pipe = await contender.open(options);
  try {
    await checkPipe(pipe, contender, options);
    await pipe.pump(makeChunks(options.window, options.samplesPerChunk), 3 * options.window + 1);
    await checkPipe(pipe, contender, options);
  } finally {
    await pipe.close();
  }
}

describe("each contender moves and changes chunks as it says, on this runtime", () => {
  for (const name of ALL) {
    it(name, () => tryContender(name, { stages: 1, samplesPerChunk: 480, window: 16 }));
  }
  for (const name of ["json", "json-i16", "json-base64"]) {
    it(name, () => tryContender(name, { stages: 1, samplesPerChunk: 480, window: 4, work: "touch" }));
  }
  for (const name of ["streamrack", "streamrack-fused", "streamrack-process", "port", "ring", "piscina", "main"]) {
    it(`${name}, three stages`, () => tryContender(name, { stages: 3, samplesPerChunk: 480, window: 4 }));
  }
  it("streamrack moves large chunks", () =>
    tryContender("streamrack", { stages: 1, samplesPerChunk: 24_000, window: 4 }));
});

describe("the contenders", () => {
  it("each have a file, and each file a place in the catalogue", async () => {
    const files = await findFiles("bench/contenders", (path) => path.endsWith(".ts"));
    const adapters: string[] = [];
    for (const file of files) {
      const text = await readFile(join(ROOT, file), "utf8");
      if (/satisfies Contender|: Contender\b/.test(text)) adapters.push(file.split("/").at(-1)?.slice(0, -3) ?? "");
    }
    const named = new Set(Object.keys(CATALOG).map((name) => name.split("-")[0] as string));
    named.delete("worker"); // of the case "start" alone
    named.delete("grpc"); // of the case "remote" alone
    assert.deepEqual(adapters.sort(), [...named].sort());
  });

  it("are loaded by name", async () => {
    await assert.rejects(loadContender("json-nothing"), /no contender "json-nothing"/);
    await assert.rejects(loadContender("nobody"));
  });

  it("have forms of JSON that keep samples as well as they say", () => {
    const [samples] = makeChunks(1, 1000) as [Float32Array];
    for (const [form, { encode, decode, tolerance }] of Object.entries(CODECS)) {
      const decoded = decode(encode(samples));
      assert.ok(decoded.every((value, i) => Math.abs(value - (samples[i] as number)) <= tolerance), form);
    }
  });
});
