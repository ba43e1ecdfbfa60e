import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fromChunks } from "../../audio/io/byte_source.ts";
import { readWav } from "../../audio/pcm/pcm_reader.ts";
import { runCli } from "../_support/run_cli.ts";
import { inTempFolder } from "./_temp_folder.ts";
import { inPieces } from "./_wav_bytes.ts";

describe("streamrack synth", () => {
  it("writes a sound, its picture and its graph, and says what it decided", async () => {
    await inTempFolder(async (cwd) => {
      const args = ["synth", "warm analog pad", "--role", "pad", "--key", "A", "--scale", "minor", "--tempo", "90"];
      const files = ["-o", "pad.wav", "--plot", "pad.png", "--graph", "pad.svg"];
      const { code, stderr, text } = await runCli([...args, "-d", "1", ...files], { cwd });
      assert.equal(code, 0, stderr);
      assert.equal(text, "");
      assert.match(stderr, /preset +Warm Analog Pad[^]*changed +.*because|changed +/);
      assert.match(stderr, /quality +\d+ of 100/);
      const reader = await readWav(fromChunks(inPieces(await readFile(join(cwd, "pad.wav")), 4096), "pad.wav"));
      let samples = 0;
      for await (const chunk of reader.chunks(4096)) samples += chunk.samples.length;
      assert.equal(samples, 2 * 44_100);
      assert.equal((await readFile(join(cwd, "pad.png"))).subarray(1, 4).toString(), "PNG");
      assert.match(await readFile(join(cwd, "pad.svg"), "utf8"), /^<svg [^]*voices[^]*<\/svg>\n$/);
      assert.deepEqual((await readdir(cwd)).sort(), ["pad.png", "pad.svg", "pad.wav"]);
    });
  });

  it("plays a preset of a file, and prints the result as JSON", async () => {
    await inTempFolder(async (cwd) => {
      const shown = await runCli(["presets", "show", "marimba-wood"], { cwd });
      await writeFile(join(cwd, "mine.json"), shown.text);
      assert.equal((await runCli(["presets", "validate", "mine.json"], { cwd })).code, 0);
      const args = ["synth", "--preset", "mine.json", "--note", "A3", "-d", "0.5", "-o", "mine.wav", "--json"];
      const { code, text } = await runCli(args, { cwd });
      assert.equal(code, 0);
      const { ok, durationS, decision } = JSON.parse(text);
      assert.deepEqual([ok, durationS, decision.presetId], [true, 0.5, "marimba-wood"]);
    });
  });

  it("says what is wrong, and leaves nothing behind", async () => {
    await inTempFolder(async (cwd) => {
      const of = async (...args: string[]) => await runCli(["synth", ...args], { cwd });
      for (
        const [args, message] of [
          [["pad", "--tempo", "0", "-o", "x.wav"], /request\.tempo/],
          [["pad", "--role", "king", "-o", "x.wav"], /request\.role/],
          [["zzzqqq", "-o", "x.wav"], /request\.prompt/],
          [["pad"], /nowhere to put it/],
          [["-o", "x.wav"], /nothing to generate/],
          [["--preset", "none.json", "-o", "x.wav"], /none\.json/],
          [["pad", "-o", "nodir/x.wav"], /"nodir\/x\.wav" cannot be written: there is no folder "nodir"/],
          [["pad", "-o", "x.wav", "--plot", "nodir/x.png"], /"nodir\/x\.png" cannot be written/],
          [["pad", "-o", "x.wav", "--graph", "nodir/x.svg"], /"nodir\/x\.svg" cannot be written/],
          [["pad", "--graph", "x.txt"], /"x\.txt" cannot hold a graph/],
          [["pad", "--note", "A3", "-o", "x.wav"], /--note needs a preset/],
          [["pad", "--preset", "cowbell", "--note", "A3", "-o", "x.wav"], /does not listen to a prompt/],
          [["--preset", "cowbell", "--note", "H3", "-o", "x.wav"], /request\.notes\[0\]\.note/],
          [["pad", "--embedder", "./none.js", "-o", "x.wav"], /"file:.*none\.js" could not be loaded/],
        ] as const
      ) {
        const { code, stderr } = await of(...args);
        assert.equal(code, 2, stderr);
        assert.match(stderr, message);
      }
      assert.deepEqual(await readdir(cwd), []);
    });
  });
});

describe("streamrack synth --note", () => {
  it("holds notes with one of our presets, as it is", async () => {
    await inTempFolder(async (cwd) => {
      const args = ["synth", "--preset", "kalimba-dream", "--note", "A3", "--note", "E4", "-d", "0.2", "-o", "k.wav"];
      const { code, stderr, text } = await runCli([...args, "--json"], { cwd });
      assert.equal(code, 0, stderr);
      const { trace, decision } = JSON.parse(text);
      assert.deepEqual(trace.request.notes.map(({ note }: { note: string }) => note), ["A3", "E4"]);
      assert.deepEqual(decision.changes, []);
    });
  });
});

describe("streamrack presets", () => {
  it("lists, searches and shows", async () => {
    await inTempFolder(async (cwd) => {
      const list = JSON.parse((await runCli(["presets", "list", "--role", "bass", "--json"], { cwd })).text);
      assert.ok(list.length >= 5 && list.every(({ role }: { role: string }) => role === "bass"));
      const found = (await runCli(["presets", "list", "--search", "surf", "--limit", "1"], { cwd })).text;
      assert.match(found, /ocean-waves .*"surf" \(synonym: /);
      assert.match((await runCli(["presets", "show", "cowbell", "--normal"], { cwd })).text, /output\.level .* ratio/);
    });
  });

  it("checks files, and fails if one is wrong", async () => {
    await inTempFolder(async (cwd) => {
      await writeFile(join(cwd, "bad.json"), JSON.stringify({ version: 1, id: "x" }));
      await writeFile(join(cwd, "worse.json"), "{");
      const { code, stderr } = await runCli(["presets", "validate", "bad.json", "worse.json"], { cwd });
      assert.equal(code, 2);
      assert.match(stderr, /FAILED +bad\.json[^]*preset\.name[^]*FAILED +worse\.json/);
    });
  });
});
