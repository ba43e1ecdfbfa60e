import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { AudioSegment } from "../../audio/mod.ts";
import { runCli } from "../_support/run_cli.ts";
import { fixtureBytes } from "../audio/_fixtures.ts";
import { inTempFolder } from "./_temp_folder.ts";

const PASS = JSON.stringify({ version: "v1", nodes: [{ id: "pass", node_type: "util.passthrough" }] });

async function inWorkFolder(test: (cwd: string) => Promise<void>): Promise<void> {
  await inTempFolder(async (cwd) => {
    await writeFile(join(cwd, "pass.json"), PASS);
    await test(cwd);
  });
}

describe("the command and audio files", () => {
  it("run reads and writes each format by its extension", async () => {
    await inWorkFolder(async (cwd) => {
      await writeFile(join(cwd, "in.mp3"), await fixtureBytes("lame_vbr.mp3"));
      let input = "in.mp3";
      for (const output of ["a.flac", "b.ogg", "c.opus", "d.mp3", "e.wav"]) {
        const { code, stderr } = await runCli(["run", "pass.json", "-i", input, "-o", output], { cwd });
        assert.equal(code, 0, stderr);
        input = output;
      }
      const end = await AudioSegment.fromFile(join(cwd, "e.wav"));
      // By way of Opus it is 48 kHz.
      assert.deepEqual([end.frames, end.sampleRate, end.channels], [24_000, 48_000, 2]);
      assert.ok((end.peakDb ?? -120) > -12, "something is to be heard");
    });
  });

  it("run and stream pipe each format with --format, and tell what comes in by its content", async () => {
    await inWorkFolder(async (cwd) => {
      const stdin = await fixtureBytes("oggenc.ogg");
      const args = ["run", "pass.json", "-i", "-", "-o", "-", "--format", "flac", "-q"];
      const wrong = await runCli(args, { cwd, stdin });
      assert.equal(wrong.code, 1);
      assert.match(wrong.stderr, /FLAC file that cannot be read/);
      const right = await runCli(["stream", "pass.json", "--output-format", "flac"], { cwd, stdin });
      assert.equal(right.code, 0, right.stderr);
      const flac = await AudioSegment.fromBytes(right.stdout.slice());
      assert.equal(flac.frames, 88_200);
      const opus = await runCli(["stream", "pass.json", "-f", "opus"], {
        cwd,
        stdin: await fixtureBytes("opusenc.opus"),
      });
      assert.equal(opus.code, 0, opus.stderr);
      assert.equal((await AudioSegment.fromBytes(opus.stdout.slice(), { format: "opus" })).frames, 24_000);
    });
  });

  it("run takes a bit rate, and says what a format cannot hold", async () => {
    await inWorkFolder(async (cwd) => {
      const loud = AudioSegment.silent(200, { sampleRate: 48_000, channels: 3 });
      await loud.export(join(cwd, "three.wav"));
      const refused = await runCli(["run", "pass.json", "-i", "three.wav", "-o", "a.mp3"], { cwd });
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, /MP3 cannot hold.*channels.*received 3; expected 1 to 2.*audio\.channels/s);
      await assert.rejects(readFile(join(cwd, "a.mp3")), { code: "ENOENT" });

      await writeFile(join(cwd, "in.flac"), await fixtureBytes("flac_mono.flac"));
      const args = ["run", "pass.json", "-i", "in.flac", "-o", "a.mp3", "--bitrate", "16"];
      const { code, stderr } = await runCli(args, { cwd });
      assert.equal(code, 0, stderr);
      // Half a second.
      assert.ok((await readFile(join(cwd, "a.mp3"))).length < 3000);
    });
  });
});
