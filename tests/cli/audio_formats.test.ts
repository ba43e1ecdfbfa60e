import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { AudioSegment, FILE_FORMATS, type FileFormat } from "../../audio/mod.ts";
import { runCli } from "../_support/run_cli.ts";
import { fixtureBytes, FIXTURES } from "../audio/_fixtures.ts";
import { inTempFolder } from "./_temp_folder.ts";

type Form = Pick<AudioSegment, "frames" | "sampleRate" | "channels">;

/** A file of a format: of another program, but for WAV. */
async function example(format: FileFormat): Promise<{ readonly bytes: Uint8Array; readonly form: Form }> {
  const fixture = FIXTURES.find((each) => each.format === format);
  if (fixture !== undefined) return { bytes: await fixtureBytes(fixture.name), form: fixture };
  const samples = Int16Array.from({ length: 16_000 }, (_, i) => 9000 * Math.sin(i / 10));
  const tone = AudioSegment.fromSamples(samples, { sampleRate: 16_000, channels: 2 });
  return { bytes: await tone.toBytes({ format }), form: tone };
}

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
      // Each in by one node and out as the next format, all in one run.
      const nodes = FILE_FORMATS.map((id) => ({ id, node_type: "util.passthrough" }));
      await writeFile(join(cwd, "five.json"), JSON.stringify({ version: "v1", nodes }));
      const inputs = new Map<string, Form>();
      const args: string[] = ["run", "five.json"];
      for (const [i, format] of FILE_FORMATS.entries()) {
        const { bytes, form } = await example(format);
        await writeFile(join(cwd, `in.${format}`), bytes);
        const output = `out.${FILE_FORMATS[(i + 1) % FILE_FORMATS.length]}`;
        inputs.set(output, form);
        args.push("-i", `${format}=in.${format}`, "-o", `${format}=${output}`);
      }
      const { code, stderr } = await runCli(args, { cwd });
      assert.equal(code, 0, stderr);
      for (const [name, form] of inputs) {
        const output = await AudioSegment.fromFile(join(cwd, name));
        // Opus is 48 kHz always.
        const sampleRate = name === "out.opus" ? 48_000 : form.sampleRate;
        assert.deepEqual(
          [output.frames, output.sampleRate, output.channels],
          [Math.round(form.frames * sampleRate / form.sampleRate), sampleRate, form.channels],
          name,
        );
        assert.ok((output.peakDb ?? -120) > -30, "something is to be heard");
      }
    });
  });

  it("run and stream pipe each format with --format, in and out", async () => {
    await inWorkFolder(async (cwd) => {
      for (const [i, format] of FILE_FORMATS.entries()) {
        const { bytes: stdin, form: { frames, sampleRate, channels } } = await example(format);
        const command = i % 2 === 0 ? ["run", "pass.json", "-i", "-", "-o", "-", "-q"] : ["stream", "pass.json"];
        const { code, stdout, stderr } = await runCli([...command, "--format", format], { cwd, stdin });
        assert.equal(code, 0, stderr);
        assert.equal(stderr, "");
        const piped = await AudioSegment.fromBytes(stdout.slice(), { format });
        assert.deepEqual([piped.sampleRate, piped.channels], [sampleRate, channels], format);
        // Without a way back, MP3 cannot say where its padding begins.
        if (format === "mp3") assert.ok(piped.frames >= frames && piped.frames < frames + 2 * 1152, `${piped.frames}`);
        else assert.equal(piped.frames, frames, format);
      }
    });
  });

  it("stream tells what comes in by its content, and writes what it is asked for", async () => {
    await inWorkFolder(async (cwd) => {
      const stdin = await fixtureBytes("oggenc.ogg");
      const { code, stdout, stderr } = await runCli(["stream", "pass.json", "--output-format", "flac"], { cwd, stdin });
      assert.equal(code, 0, stderr);
      assert.equal((await AudioSegment.fromBytes(stdout.slice(), { format: "flac" })).frames, 88_200);
    });
  });

  it("run says what samples cannot hold of its input", async () => {
    await inWorkFolder(async (cwd) => {
      await writeFile(join(cwd, "in.flac"), await fixtureBytes("flac_32bit.flac"));
      const args = ["run", "pass.json", "-i", "in.flac", "-o", "out.wav"];
      const { code, stderr } = await runCli(args, { cwd });
      assert.equal(code, 0, stderr);
      assert.match(stderr, /note {3}in\.flac: integers of more than 24 bits are read with 24 significant bits/);
      const { text } = await runCli([...args, "--json"], { cwd });
      assert.match(JSON.parse(text).inputs[0].loss, /24 significant bits/);
    });
  });

  it("run says what is wrong with an output, and leaves nothing behind", async () => {
    await inWorkFolder(async (cwd) => {
      await writeFile(join(cwd, "in.wav"), (await example("wav")).bytes);
      const before = (await readdir(cwd)).sort();
      const attempt = (output: string) => runCli(["run", "pass.json", "-i", "in.wav", "-o", output], { cwd });
      const unknown = await attempt("out.m4a");
      assert.equal(unknown.code, 2);
      assert.match(unknown.stderr, /unknown extension.*out\.m4a.*\.opus.*ffmpeg/s);
      if (process.platform === "linux") {
        // Nobody may make files there, not even root.
        const denied = await attempt("/sys/kernel/out.flac");
        assert.equal(denied.code, 2);
        assert.match(denied.stderr, /"\/sys\/kernel\/out\.flac" cannot be written: access is denied/);
        const full = await attempt("/dev/full");
        assert.equal(full.code, 1);
        assert.match(full.stderr, /"\/dev\/full" cannot be written: the disk is full.*Free some space/s);
      }
      assert.deepEqual((await readdir(cwd)).sort(), before);
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
