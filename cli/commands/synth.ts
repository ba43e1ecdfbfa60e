/**
 * `streamrack synth`: sound from a prompt or a preset.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { AudioBlocks, Change, DspGraph, PlayReport, Preset, PresetMatch } from "../../synth/mod.ts";
import { RuntimeData, StreamrackError } from "../../core/plugin.ts";
import { type ByteSink, toFile } from "../../audio/io/byte_sink.ts";
import { fileError } from "../../audio/io/file_error.ts";
import { OUTPUT_ENCODINGS, type OutputEncoding } from "../../audio/pcm/encodings.ts";
import { say } from "../exit.ts";
import { openOutput, type Output, outputKinds } from "../flow/outputs.ts";
import { interruptible } from "../interrupt.ts";
import { SynthRecorder } from "../plot/synth_picture.ts";
import { Progress } from "../progress.ts";
import { writeStdout } from "../stdout.ts";
import { fewDigits, timeText } from "../table.ts";
import { addDebugFlag, wholeNumber } from "./common.ts";

interface SynthFlags {
  readonly preset?: string;
  readonly role?: string;
  readonly key?: string;
  readonly scale?: string;
  readonly tempo?: number;
  readonly duration?: number;
  readonly rate?: number;
  readonly mono?: boolean;
  readonly seed?: number;
  readonly note?: readonly string[];
  readonly maxCpu?: number;
  readonly maxLatency?: number;
  readonly embedder?: string;
  readonly output?: string;
  readonly encoding?: OutputEncoding;
  readonly plot?: string;
  readonly graph?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** Adds `synth` to the program. */
export function addSynthCommand(program: Command): void {
  const command = program.command("synth")
    .summary("generate sound from a prompt or a preset")
    .description("Generates sound: finds a preset by a prompt, fits it to role, key and tempo, and renders it.")
    .argument("[prompt]", 'what it should sound like, such as "warm analog pad"')
    .option(
      "--preset <id|file>",
      "take this preset: one of ours by id, or a JSON file; a file, and notes, are played as they are",
    )
    .option("--role <role>", "pad, bass, lead, keys, pluck, drum, percussion, ambient, texture or effect")
    .option("--key <key>", "tonic, such as A or F#")
    .option("--scale <scale>", "major, minor, dorian, … (default: major)")
    .option("--tempo <bpm>", "quarter notes per minute", decimal)
    .option("-d, --duration <seconds>", "length; default: that of the phrase of the role", decimal)
    .option("-r, --rate <hertz>", "sample rate (default: 44100)", decimal)
    .option("--mono", "one channel instead of two")
    .option("--seed <number>", "the same seed gives the same samples", wholeNumber(0, 4_294_967_295))
    .option(
      "--note <note>",
      "with --preset: a note that is held instead of a phrase, such as A3; repeatable",
      appendNote,
    )
    .option("--max-cpu <share>", "most of one processor in real time, 0.001 to 1", decimal)
    .option("--max-latency <ms>", "most latency in real time", decimal)
    .option("--embedder <module>", "path, URL or package of a model of meaning, for the search")
    .option("-o, --output <path>", "audio file: .wav, .flac, .mp3, .ogg, .opus; or - for WAV to a pipe")
    .addOption(new Option("--encoding <encoding>", "how samples are written (default: f32)").choices(OUTPUT_ENCODINGS))
    .option("--plot <path>", "draw waveform, spectrogram and graph, as PNG")
    .option("--graph <path>", "write the graph as .svg, .mmd (Mermaid) or .json")
    .option("--json", "print decision, trace and quality as JSON, on the last line of stdout")
    .option("-q, --quiet", "no progress, no report");
  addDebugFlag(command)
    .addHelpText("after", HELP)
    .action((prompt: string | undefined, flags: SynthFlags) => interruptible((signal) => synth(prompt, flags, signal)));
}

const HELP = `
Examples:
  $ streamrack synth "warm analog pad" --role pad --key A --scale minor --tempo 90 -o pad.wav --plot pad.png
  $ streamrack synth --role bass --key E -d 8 -o bass.wav
  $ streamrack synth --preset mine.json --note A3 --note E4 -d 4 -o mine.wav --graph mine.svg
  $ streamrack synth "ocean waves" -d 3600 -o - | sox -t wav - waves.flac`;

async function synth(prompt: string | undefined, flags: SynthFlags, signal: AbortSignal): Promise<void> {
  if (prompt === undefined && flags.preset === undefined && flags.role === undefined) {
    throw usage(
      "there is nothing to generate",
      'Give a prompt, --preset or --role: streamrack synth "warm pad" -o pad.wav',
    );
  }
  if (flags.output === undefined && flags.plot === undefined && flags.graph === undefined && flags.json !== true) {
    throw usage("there is nowhere to put it", "Name a file: -o pad.wav, --plot pad.png, --graph pad.svg, or --json.");
  }
  if (flags.output === "-" && flags.json === true) {
    throw usage("stdout cannot take both", "Write the WAV to a file, or leave --json out.");
  }
  if (flags.output !== undefined && !outputKinds(flags.output).includes("audio")) {
    throw usage(
      `"${flags.output}" cannot hold audio`,
      "Write .wav, .flac, .mp3, .ogg or .opus; the graph goes to --graph.",
    );
  }
  if (flags.graph !== undefined && graphWriter(flags.graph) === undefined) {
    throw usage(`"${flags.graph}" cannot hold a graph`, "Write .svg, .mmd, .md or .json.");
  }
  const isFile = flags.preset?.endsWith(".json") === true;
  const isAsItIs = isFile || (flags.preset !== undefined && flags.note !== undefined);
  if (flags.note !== undefined && !isAsItIs) {
    throw usage("--note needs a preset", "Name one with --preset: a prompt is answered with a phrase.");
  }
  if (isAsItIs && (prompt !== undefined || flags.role !== undefined)) {
    const what = prompt === undefined ? "--role" : "a prompt";
    throw usage(
      `a preset that is played as it is does not listen to ${what}`,
      `Leave ${what} out, or name one of ours by its id and leave --note out.`,
    );
  }
  const preset = isFile ? await readPreset(flags.preset as string) : flags.preset;
  const { createSynth } = await import("../../synth/mod.ts");
  const synth = await createSynth({ embedder: moduleOf(flags.embedder) });
  try {
    const common = {
      key: flags.key as never,
      scale: flags.scale as never,
      tempo: flags.tempo,
      sampleRate: flags.rate,
      channels: flags.mono === true ? 1 as const : undefined,
      seed: flags.seed,
      maxCpu: flags.maxCpu,
      maxLatencyMs: flags.maxLatency,
      durationS: flags.duration,
    };
    const durationS = flags.duration ?? 2;
    const notes = flags.note?.map((note) => ({ note, durationS: 0.75 * durationS }));
    const blocks = preset === undefined || !isAsItIs
      ? synth.streamAudio({ prompt: prompt ?? "", role: flags.role as never, presetId: flags.preset, ...common }, {
        signal,
      })
      : synth.streamFromPreset(preset, { ...common, notes, signal });
    await deliver(blocks, flags);
  } catch (thrown) {
    if (!StreamrackError.is(thrown) || thrown.reason !== "invalid-data") throw thrown;
    // What the request was made of is what the user typed.
    const { detail, problems, remedy } = thrown;
    throw new StreamrackError("invalid-options", detail, { problems, remedy, cause: thrown });
  } finally {
    await synth.close();
  }
}

/** Writes the blocks and everything that is drawn of them; files appear when all has succeeded. */
async function deliver(blocks: AudioBlocks, flags: SynthFlags): Promise<void> {
  const sampleRate = flags.rate ?? 44_100;
  const channels = flags.mono === true ? 1 : 2;
  const startedMs = performance.now();
  const recorder = flags.plot === undefined ? undefined : new SynthRecorder(sampleRate, channels);
  const progress = new Progress(
    flags.duration,
    flags.quiet === true ? { terminal: { isTTY: false, write: () => {} } } : {},
  );
  let frames = 0;
  let writer: Output | undefined;
  let picture: ByteSink | undefined;
  let drawing: ByteSink | undefined;
  try {
    if (flags.output !== undefined) writer = await openOutput(flags.output, { encoding: flags.encoding });
    if (flags.plot !== undefined) picture = await toFile(flags.plot, { tidy: true });
    if (flags.graph !== undefined) drawing = await toFile(flags.graph, { tidy: true });
    for await (const samples of blocks) {
      recorder?.add(samples);
      frames += samples.length / channels;
      await writer?.write(RuntimeData.audio({ samples, sampleRate, channels }));
      progress.update(frames / sampleRate);
    }
    const report = await blocks.report;
    const { presetName, role } = report.decision;
    await picture?.write(recorder?.toPng({ title: presetName, subtitle: role, graph: report.graph }) as Uint8Array);
    await drawing?.write(new TextEncoder().encode(await graphWriter(flags.graph ?? "")?.(report.graph)));
    await writer?.finish(undefined);
    await picture?.commit();
    await drawing?.commit();
    progress.clear();
    const seconds = frames / sampleRate;
    if (flags.json === true) await writeStdout(`${JSON.stringify({ ok: true, durationS: seconds, ...report })}\n`);
    else if (flags.quiet !== true) describe(report, flags, { seconds, tookS: (performance.now() - startedMs) / 1000 });
  } finally {
    progress.clear();
    await writer?.discard();
    await picture?.discard();
    await drawing?.discard();
  }
}

/** A module as the worker finds it: a path is one from here. */
function moduleOf(embedder: string | undefined): string | undefined {
  const isPath = embedder !== undefined && /^(\.|\/|[A-Za-z]:[\\/])/.test(embedder);
  return isPath ? pathToFileURL(embedder).href : embedder;
}

/** What writes a graph into a file of this name; `undefined` if it does not say which form it is to have. */
function graphWriter(path: string): ((graph: DspGraph) => Promise<string>) | undefined {
  if (path.endsWith(".json")) return async (graph) => await `${JSON.stringify(graph, null, 2)}\n`;
  if (path.endsWith(".svg")) return async (graph) => (await import("../../synth/mod.ts")).graphToSvg(graph);
  if (/\.(mmd|md)$/.test(path)) return async (graph) => (await import("../../synth/mod.ts")).graphToMermaid(graph);
  return undefined;
}

function describe(
  { decision, trace, quality }: PlayReport,
  flags: SynthFlags,
  { seconds, tookS }: { seconds: number; tookS: number },
): void {
  say(`preset   ${decision.presetName} (${decision.presetId}), as ${decision.role}`);
  const [best] = decision.matches;
  if (best !== undefined && best.reasons.length > 0) say(`found by ${reasonsText(best)}`);
  for (const change of decision.changes) say(`changed  ${changeText(change)}`);
  for (const note of decision.notes) say(`note     ${note}`);
  if (quality !== undefined) {
    const { loudnessLufs, truePeakDb, centroidHz } = quality.measures;
    say(
      `quality  ${quality.score} of 100: ${loudnessLufs ?? "-"} LUFS, ${truePeakDb ?? "-"} dBTP, around ${
        centroidHz ?? "-"
      } Hz`,
    );
    for (const { measure, value, expected, points } of quality.findings) {
      say(`         -${points}: ${measure} ${value}, expected ${expected}`);
    }
  }
  say(`graph    ${trace.graphHash}, seed ${trace.seed}`);
  for (const path of [flags.output, flags.plot, flags.graph]) {
    if (path !== undefined && path !== "-") say(`wrote    ${path}`);
  }
  say(
    `done     ${timeText(seconds)} of audio in ${timeText(tookS)}, ${
      fewDigits(seconds / tookS)
    }x realtime with the start`,
  );
}

/** Why a preset was found, in a line. */
export function reasonsText({ reasons }: PresetMatch): string {
  return reasons.map(({ word, matched, by }) => by === "word" ? `"${word}"` : `"${word}" (${by}: ${matched})`).join(
    ", ",
  );
}

function changeText({ param, from, to, unit, by, why }: Change): string {
  const numbers = `${Number(from.toPrecision(4))} to ${Number(to.toPrecision(4))}`;
  return `${param} ${numbers}${unit === "number" ? "" : ` ${unit}`} (${by}: ${why})`;
}

/** Reads a preset from a file; the synth checks it. */
export async function readPreset(path: string): Promise<Preset> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (thrown) {
    throw fileError(thrown, path, "be read");
  }
  try {
    return JSON.parse(text) as Preset;
  } catch (cause) {
    throw new StreamrackError("invalid-media", `${path} is not JSON`, {
      cause,
      remedy: "See `streamrack presets show warm-analog-pad`.",
    });
  }
}

function usage(detail: string, remedy: string): StreamrackError {
  return new StreamrackError("invalid-options", detail, { remedy });
}

function decimal(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value)) return value;
  throw new InvalidArgumentError("It must be a number.");
}

function appendNote(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}
