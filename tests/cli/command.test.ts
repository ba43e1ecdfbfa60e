import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { fromChunks } from "../../audio/io/byte_source.ts";
import { readWav } from "../../audio/pcm/pcm_reader.ts";
import { VERSION } from "../../core/plugin.ts";
import { runtimeInfo } from "../../workers/adapters/runtime_info.ts";
import { runCli, startCli } from "../_support/run_cli.ts";
import { inTempFolder } from "./_temp_folder.ts";
import { inPieces, wavBytes } from "./_wav_bytes.ts";

const PLUGIN = fileURLToPath(new URL("./_fixture_plugin.ts", import.meta.url));
const FRAMES = 20_000;
const RAMP = Int16Array.from({ length: FRAMES }, (_, i) => (i % 200) * 100 - 10_000);
const WAV = wavBytes({ sampleRate: 16_000, data: new Uint8Array(RAMP.buffer) });

/** A folder, with a space in its name, that has an input and one manifest for each node type. */
async function inWorkFolder(test: (folder: string) => Promise<void>): Promise<void> {
  await inTempFolder(async (folder) => {
    await writeFile(join(folder, "in put.wav"), WAV);
    await writeManifest(folder, "pass", "util.passthrough");
    await writeManifest(folder, "gain", "audio.gain", { gainDb: -20 });
    for (const name of ["fail", "hold", "count", "source"]) await writeManifest(folder, name, `fixture.${name}`);
    await test(folder);
  });
}

async function writeManifest(folder: string, name: string, node_type: string, params = {}): Promise<void> {
  const manifest = { version: "v1", nodes: [{ id: name, node_type, params }], connections: [] };
  await writeFile(join(folder, `${name}.json`), JSON.stringify(manifest));
}

/** The names in a folder; not every runtime sorts them. */
async function filesIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).sort();
}

async function samplesOf(bytes: Uint8Array): Promise<number[]> {
  const samples: number[] = [];
  const reader = await readWav(fromChunks(inPieces(bytes, 4096), "the output"));
  for await (const chunk of reader.chunks(4096)) samples.push(...chunk.samples);
  return samples;
}

describe("streamrack run", () => {
  it("takes a file through a pipeline, and draws it", async () => {
    await inWorkFolder(async (cwd) => {
      const args = ["run", "gain.json", "-i", "in put.wav", "-o", "out put.wav", "--plot", "wave form.png"];
      const { code, text, stderr } = await runCli(args, { cwd });
      assert.equal(code, 0, stderr);
      assert.equal(text, "");
      assert.match(stderr, /node +type +plugin[^]*gain +audio\.gain[^]*done +in .*x realtime/);
      assert.ok(!stderr.includes("\r"), "there is no progress bar where nobody watches");
      const samples = await samplesOf(await readFile(join(cwd, "out put.wav")));
      assert.deepEqual(samples, [...RAMP].map((sample) => Math.round(sample / 10)));
      const png = await readFile(join(cwd, "wave form.png"));
      assert.deepEqual([...png.subarray(1, 4)], [...Buffer.from("PNG")]);
      assert.deepEqual((await filesIn(cwd)).filter((name) => name.includes(".part")), []);
    });
  });

  it("prints its result as JSON", async () => {
    await inWorkFolder(async (cwd) => {
      const { code, text } = await runCli(["run", "gain.json", "-i", "gain=in put.wav", "-o", "o.wav", "--json"], {
        cwd,
      });
      assert.equal(code, 0);
      const { ok, inputs, outputs, nodes, links } = JSON.parse(text);
      assert.equal(ok, true);
      assert.equal(inputs[0].frames, FRAMES);
      assert.equal(outputs[0].frames, FRAMES);
      assert.equal(nodes.gain.nodeType, "audio.gain");
      assert.ok(links.length >= 2 && links.every((link: { items: number }) => link.items > 0));
    });
  });

  it("reads and writes lines of text and JSON", async () => {
    await inWorkFolder(async (cwd) => {
      await writeFile(join(cwd, "in.txt"), "one\r\n\ntwo, ü\n");
      assert.equal((await runCli(["run", "pass.json", "-i", "in.txt", "-o", "out.txt"], { cwd })).code, 0);
      assert.equal(await readFile(join(cwd, "out.txt"), "utf8"), "one\ntwo, ü\n");
      await writeFile(join(cwd, "in.jsonl"), '{"a": 1}\n\n[2, "x"]');
      assert.equal((await runCli(["run", "pass.json", "-i", "in.jsonl", "-o", "out.jsonl"], { cwd })).code, 0);
      assert.equal(await readFile(join(cwd, "out.jsonl"), "utf8"), '{"a":1}\n[2,"x"]\n');
    });
  });

  it("prints what no file takes as JSON lines, also of a pipeline without inputs", async () => {
    await inWorkFolder(async (cwd) => {
      const { code, text } = await runCli(["run", "source.json", "--plugin", PLUGIN], { cwd });
      assert.equal(code, 0);
      const lines = text.trim().split("\n").map((line) => JSON.parse(line));
      assert.deepEqual(lines.map(({ nodeId, value, sequence }) => [nodeId, value, sequence]), [
        ["source", 1, 0],
        ["source", 2, 1],
        ["source", 3, 2],
      ]);
    });
  });

  it("says of a line whether more of the same result follows, and how far it is", async () => {
    await inWorkFolder(async (cwd) => {
      await writeFile(join(cwd, "guard.json"), '{"version":"v1","nodes":[{"id":"guard","node_type":"guard.check"}]}');
      await writeFile(join(cwd, "said.txt"), "All is well.\n");
      const { code, text, stderr } = await runCli(["run", "guard.json", "-i", "said.txt"], { cwd });
      assert.equal(code, 0, stderr);
      const lines = text.trim().split("\n").map((line) => JSON.parse(line));
      assert.deepEqual(lines.map(({ isPartial, progress }) => [isPartial, progress?.progressPercent]), [
        ...[25, 50, 75, 100].map((percent) => [true, percent]),
        [undefined, undefined],
      ]);
    });
  });

  it("audio goes to the file and the rest to stdout", async () => {
    await inWorkFolder(async (cwd) => {
      const args = ["run", "count.json", "-p", PLUGIN, "-i", "in put.wav", "-o", "count.out=o.wav", "--quiet"];
      const { code, text, stderr } = await runCli(args, { cwd });
      assert.equal(code, 0, stderr);
      assert.equal(stderr, "");
      const counts = text.trim().split("\n").map((line) => JSON.parse(line).value.samples);
      assert.equal(counts.reduce((sum: number, count: number) => sum + count, 0), FRAMES);
      assert.deepEqual(await samplesOf(await readFile(join(cwd, "o.wav"))), [...RAMP]);
    });
  });

  it("a node that fails leaves nothing behind, and an existing file as it was", async () => {
    await inWorkFolder(async (cwd) => {
      await writeFile(join(cwd, "old.wav"), "old");
      const before = await filesIn(cwd);
      await writeFile(join(cwd, "in.txt"), "1\n2\n3\n4\n");
      const args = ["run", "fail.json", "-p", PLUGIN, "-i", "in.txt", "-o", "new.txt", "--json"];
      const { code, text, stderr } = await runCli(args, { cwd });
      assert.equal(code, 1);
      assert.match(stderr, /error: .*the third value is one too many.*node "fail" of plugin "cli-fixture"/s);
      assert.doesNotMatch(stderr, /\n +at /);
      assert.equal(JSON.parse(text).error.reason, "node-failed");
      assert.equal((await runCli(["run", "gain.json", "-i", "gain.json", "-o", "old.wav"], { cwd })).code, 2);
      assert.equal(await readFile(join(cwd, "old.wav"), "utf8"), "old");
      assert.deepEqual(await filesIn(cwd), [...before, "in.txt"].sort());
      assert.match((await runCli([...args, "--debug"], { cwd })).stderr, /\n +at /);
    });
  });

  it("the input may be the output", async () => {
    await inWorkFolder(async (cwd) => {
      assert.equal((await runCli(["run", "pass.json", "-i", "in put.wav", "-o", "in put.wav"], { cwd })).code, 0);
      assert.deepEqual(await samplesOf(await readFile(join(cwd, "in put.wav"))), [...RAMP]);
    });
  });

  it("two at once", async () => {
    await inWorkFolder(async (cwd) => {
      const runs = ["a.wav", "b.wav"].map((out) =>
        runCli(["run", "pass.json", "-i", "in put.wav", "-o", out], { cwd })
      );
      assert.deepEqual((await Promise.all(runs)).map(({ code }) => code), [0, 0]);
      assert.deepEqual(await readFile(join(cwd, "a.wav")), await readFile(join(cwd, "b.wav")));
    });
  });

  for (
    const [name, args, says] of [
      ["no manifest", ["run"], /missing required argument/],
      ["an unknown option", ["run", "gain.json", "--loud"], /unknown option/],
      ["a manifest that is not there", ["run", "none.yaml", "-i", "in put.wav"], /none\.yaml/],
      ["no input", ["run", "gain.json"], /given no input.*gain: waits for audio; expected -i PATH/s],
      ["an input that is not there", ["run", "gain.json", "-i", "none.wav"], /"none\.wav" cannot be read/],
      ["an input of an unknown kind", ["run", "gain.json", "-i", "a.m4a"], /unknown extension.*ffmpeg/s],
      ["an input that does not fit", ["run", "gain.json", "-i", "in.txt"], /fits no input.*expected gain \(audio\)/],
      [
        "an output that is not there",
        ["run", "gain.json", "-i", "in put.wav", "-o", "x=o.wav"],
        /names no output.*gain/,
      ],
      [
        "a folder that is not there",
        ["run", "gain.json", "-i", "in put.wav", "-o", "nodir/o.wav"],
        /"nodir\/o\.wav" cannot be written: there is no folder "nodir".*Make the folder/s,
      ],
      [
        "a folder for the picture that is not there",
        ["run", "gain.json", "-i", "in put.wav", "-o", "o.wav", "--plot", "nodir/p.png"],
        /"nodir\/p\.png" cannot be written/,
      ],
      ["a plugin that is not there", ["run", "gain.json", "-p", "./none.ts", "-i", "in put.wav"], /none\.ts/],
    ] as const
  ) {
    it(`${name}: exit code 2`, async () => {
      await inWorkFolder(async (cwd) => {
        const before = await filesIn(cwd);
        const { code, text, stderr } = await runCli(args, { cwd });
        assert.equal(code, 2, stderr);
        assert.match(stderr, says);
        assert.equal(text, "");
        assert.deepEqual(await filesIn(cwd), before);
      });
    });
  }
});

describe("streamrack stream", () => {
  it("WAV in, WAV out", async () => {
    await inWorkFolder(async (cwd) => {
      const { code, stdout, stderr } = await runCli(["stream", "gain.json", "--stats"], { cwd, stdin: WAV });
      assert.equal(code, 0, stderr);
      assert.match(stderr, /gain +audio\.gain/);
      assert.deepEqual(await samplesOf(stdout), [...RAMP].map((sample) => Math.round(sample / 10)));
    });
  });

  it("raw in, raw out, also in another form", async () => {
    await inWorkFolder(async (cwd) => {
      const raw = new Uint8Array(RAMP.buffer);
      const same = await runCli(["stream", "pass.json", "-f", "s16le", "--chunk-ms", "7"], { cwd, stdin: raw });
      assert.deepEqual([...same.stdout], [...raw], same.stderr);
      const args = ["stream", "pass.json", "-f", "s16le", "--output-format", "f32le"];
      const floats = new Float32Array(Uint8Array.from((await runCli(args, { cwd, stdin: raw })).stdout).buffer);
      assert.deepEqual([...floats], [...RAMP].map((sample) => sample / 32768));
    });
  });

  it("each chunk is answered before the next is sent", async () => {
    await inWorkFolder(async (cwd) => {
      const args = ["stream", "pass.json", "-f", "s16le", "-r", "8000", "--chunk-ms", "10"];
      const { child, ended } = startCli(args, { cwd });
      const answers = child.stdout.iterator({ destroyOnReturn: false });
      for (let round = 0; round < 3; round++) {
        child.stdin.write(new Uint8Array(160));
        let received = 0;
        while (received < 160) received += ((await answers.next()).value as Uint8Array).length;
        assert.equal(received, 160);
      }
      child.stdin.end();
      assert.equal((await ended).code, 0);
    });
  });

  it("a reader that goes away ends it quietly", async () => {
    await inWorkFolder(async (cwd) => {
      const { child, ended } = startCli(["stream", "pass.json", "-f", "s16le"], { cwd });
      const endless = Readable.from((function* () {
        for (;;) yield new Uint8Array(96_000);
      })());
      const writing = pipeline(endless, child.stdin).catch(() => {}); // It ends with the command.
      await new Promise((resolve) => child.stdout.once("data", resolve));
      child.stdout.destroy();
      const { code, stderr } = await ended;
      await writing;
      assert.equal(code, 0, stderr);
      assert.equal(stderr, "");
    });
  });

  it("Ctrl-C ends it with 130, and leaves no file", async () => {
    await inWorkFolder(async (cwd) => {
      const before = await filesIn(cwd);
      const args = ["stream", "hold.json", "-p", PLUGIN, "-f", "s16le", "-o", "out.wav"];
      const { child, ended, signal, said } = startCli(args, { cwd });
      child.stdin.on("error", () => {});
      child.stdin.write(new Uint8Array(10_000));
      await said("holding");
      assert.notDeepEqual(await filesIn(cwd), before, "there is a temporary file");
      signal("SIGINT");
      const { code, stderr } = await ended;
      assert.equal(code, 130, stderr);
      assert.match(stderr, /interrupted\n$/);
      assert.deepEqual(await filesIn(cwd), before);
    });
  });

  it("a kill leaves what was there, and a temporary file that the next run removes", async () => {
    await inWorkFolder(async (cwd) => {
      await writeFile(join(cwd, "out.wav"), "old");
      const before = await filesIn(cwd);
      const args = ["stream", "hold.json", "-p", PLUGIN, "-f", "s16le", "-o", "out.wav"];
      const { child, ended, signal, said } = startCli(args, { cwd });
      child.stdin.on("error", () => {});
      child.stdin.write(new Uint8Array(10_000));
      await said("holding");
      signal("SIGKILL");
      await ended;
      const left = (await filesIn(cwd)).filter((name) => !before.includes(name));
      assert.match(left.join(), /^\.out\.wav\.[^,]+\.part$/);
      assert.equal(await readFile(join(cwd, "out.wav"), "utf8"), "old");
      const { code, stderr } = await runCli(["run", "pass.json", "-i", "in put.wav", "-o", "out.wav"], { cwd });
      assert.equal(code, 0, stderr);
      assert.deepEqual(await filesIn(cwd), before);
      assert.deepEqual(await samplesOf(await readFile(join(cwd, "out.wav"))), [...RAMP]);
    });
  });

  it("input that is cut short, and input that is no audio", async () => {
    await inWorkFolder(async (cwd) => {
      const cut = await runCli(["stream", "pass.json"], { cwd, stdin: WAV.subarray(0, 20_000) });
      assert.equal(cut.code, 1);
      assert.match(cut.stderr, /"standard input" ends too early/);
      const text = await runCli(["stream", "pass.json"], { cwd, stdin: "hello, this is text" });
      assert.equal(text.code, 1);
      assert.match(text.stderr, /not audio of a format.*looks like text/s);
    });
  });
});

describe("streamrack validate, nodes, doctor", () => {
  it("validate tells every problem at once", async () => {
    await inWorkFolder(async (cwd) => {
      const good = await runCli(["validate", "gain.json", "pass.json"], { cwd });
      assert.deepEqual([good.code, good.text], [0, "gain.json: valid\npass.json: valid\n"]);
      const manifest = {
        version: "v1",
        nodes: [{ id: "a", node_type: "audio.gian" }, { id: "a", node_type: "audio.gain" }],
        connections: [{ from: "a", to: "b" }],
      };
      await writeFile(join(cwd, "bad.json"), JSON.stringify(manifest));
      const bad = await runCli(["validate", "bad.json"], { cwd });
      assert.equal(bad.code, 2);
      assert.match(bad.stderr, /audio\.gian.*audio\.gain/s);
      const json = await runCli(["validate", "bad.json", "--json"], { cwd });
      assert.equal(json.code, 2);
      const { valid, problems } = JSON.parse(json.text);
      assert.equal(valid, false);
      assert.ok(problems.length >= 3, json.text);
    });
  });

  it("validate warns of keys that nobody knows, and of parameters that a node does not have", async () => {
    await inWorkFolder(async (cwd) => {
      const nodes = ["a", "b"].map((id) => `  - { id: ${id}, node_type: util.passthrough }\n`).join("");
      const connections = "connections: [{ from: a, to: b, from_prot: out }]\n";
      const gain = "  - { id: c, node_type: audio.gain, params: { gain_db: 3 } }\n";
      await writeFile(join(cwd, "typo.yaml"), `version: v1\nnodes:\n${nodes}${gain}${connections}`);
      const { code, text, stderr } = await runCli(["validate", "typo.yaml"], { cwd });
      assert.deepEqual([code, text], [0, "typo.yaml: valid\n"]);
      assert.match(stderr, /^typo\.yaml: warning: connections\[0\]\.from_prot: .* did you mean "from_port"\?$/m);
      assert.match(stderr, /^typo\.yaml: warning: nodes\[2\]\.params\.gain_db: .* did you mean "gainDb"\?$/m);
      const json = await runCli(["validate", "typo.yaml", "--json"], { cwd });
      const { valid, problems, warnings } = JSON.parse(json.text);
      assert.deepEqual([json.code, valid, problems.length, json.stderr], [0, true, 0, ""]);
      const paths = warnings.map(({ path }: { readonly path: string }) => path);
      assert.deepEqual(paths, ["nodes[2].params.gain_db", "connections[0].from_prot"]);
    });
  });

  it("validate checks parameters", async () => {
    await inWorkFolder(async (cwd) => {
      await writeManifest(cwd, "loud", "audio.gain", { gainDb: "loud" });
      const { code, stderr } = await runCli(["validate", "loud.json"], { cwd });
      assert.equal(code, 2);
      assert.match(stderr, /gainDb/);
    });
  });

  it("nodes", async () => {
    const list = await runCli(["nodes", "list"]);
    assert.equal(list.code, 0);
    assert.match(list.text, /^audio\.gain +audio +audio +Multiplies/m);
    const plugins = JSON.parse((await runCli(["nodes", "list", "--json", "--plugin", PLUGIN])).text);
    assert.ok(plugins.some(({ name }: { name: string }) => name === "cli-fixture"));
    const gain = await runCli(["nodes", "describe", "audio.gain"]);
    assert.match(gain.text, /parameter gainDb: number/);
    assert.equal(JSON.parse((await runCli(["nodes", "describe", "audio.gain", "--json"])).text).type, "audio.gain");
    const unknown = await runCli(["nodes", "describe", "audio.gian"]);
    assert.equal(unknown.code, 2);
    assert.match(unknown.stderr, /received "audio\.gian"; expected perhaps "audio\.gain"/);
  });

  it("doctor", async () => {
    const { code, text } = await runCli(["doctor", "--json"]);
    assert.equal(code, 0, text);
    const { runtime, probes, enforcements } = JSON.parse(text);
    const expected = process.versions["deno"] ? "deno" : process.versions["bun"] ? "bun" : "node";
    assert.equal(runtime.name, expected);
    assert.ok(probes.length >= 5);
    assert.deepEqual(enforcements.map(({ holds }: { holds: string }) => holds), [
      runtimeInfo().limitsWorkerHeap ? "yes" : "no",
      "yes",
      ...Array(2).fill(
        runtime.name === "deno" || (runtime.name === "node" && Number.parseInt(runtime.version) >= 25) ? "yes" : "no",
      ),
    ]);
    assert.match(enforcements[2].what, /\bgrants\b/);
    const left = { deno: /--cached-only/, node: /has open can be reached/, bun: /allowUnenforced/ };
    assert.match(enforcements[2].how, left[expected]);
    assert.match((await runCli(["doctor"])).text, /a pipeline runs +yes/);
  });

  it("help and version", async () => {
    for (
      const command of [[], ["run"], ["stream"], ["validate"], ["nodes"], ["nodes", "describe"], ["plugin", "build"], [
        "doctor",
      ]]
    ) {
      const { code, text } = await runCli([...command, "--help"]);
      assert.equal(code, 0);
      assert.match(text, /Usage: streamrack/);
    }
    const { version } = JSON.parse(await readFile(new URL("../../deno.json", import.meta.url), "utf8"));
    assert.equal(version, VERSION);
    assert.equal((await runCli(["--version"])).text, `${VERSION}\n`);
    assert.equal((await runCli(["rum"])).code, 2);
  });
});
