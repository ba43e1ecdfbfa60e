/**
 * `streamrack run`: files through a pipeline, as fast as it goes.
 *
 * @module
 */

import { basename } from "node:path";
import { type Command, Option } from "commander";
import type { SessionMetrics, SessionOutput } from "../../mod.ts";
import { type ByteSink, toFile } from "../../audio/io/byte_sink.ts";
import { FILE_FORMATS, type FileFormat } from "../../audio/file_format.ts";
import { OUTPUT_ENCODINGS, type OutputEncoding } from "../../audio/pcm/encodings.ts";
import { writeStdout } from "../stdout.ts";
import { say } from "../exit.ts";
import { type FileArgument, type PortName, targetOf } from "../flow/bindings.ts";
import { LinePrinter } from "../flow/output_lines.ts";
import { type Drain, openSessionFiles, type SessionFiles } from "../flow/session_files.ts";
import { type Feed, pump } from "../flow/pump.ts";
import { Tallies } from "../flow/tally.ts";
import { interruptible } from "../interrupt.ts";
import { renderMetrics } from "../metrics_table.ts";
import { PlotRecorder } from "../plot/recorder.ts";
import { timelineOf } from "../plot/timeline.ts";
import { Progress } from "../progress.ts";
import { fewDigits, timeText } from "../table.ts";
import {
  addRuntimeFlags,
  appendFile,
  BITRATE_MAX_KBPS,
  inManifest,
  readManifest,
  type RuntimeFlags,
  wholeNumber,
  withRuntime,
} from "./common.ts";

/** Frames per chunk where latency does not matter: larger chunks cost less, up to about here. */
const CHUNK_FRAMES = 8192;

interface RunFlags extends RuntimeFlags {
  readonly input?: readonly FileArgument[];
  readonly output?: readonly FileArgument[];
  readonly format?: FileFormat;
  readonly encoding?: OutputEncoding;
  readonly bitrate?: number;
  readonly plot?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** Adds `run` to the program. */
export function addRunCommand(program: Command): void {
  const command = program.command("run")
    .summary("run files through a pipeline")
    .description("Runs files through the pipeline of a manifest, as fast as it goes.")
    .argument("<manifest>", "manifest file, JSON or YAML")
    .option("-i, --input <[node=]path>", "input: audio, .txt, .json, .jsonl, or - for audio from a pipe", appendFile)
    .option("-o, --output <[node=]path>", "output: audio, .txt, .json, .jsonl, or - for audio to a pipe", appendFile)
    .addOption(new Option("-f, --format <format>", "format of - as input and output; default: what comes, and wav")
      .choices(FILE_FORMATS))
    .addOption(new Option("--encoding <encoding>", "how samples are written in wav and flac; default: as they come")
      .choices(OUTPUT_ENCODINGS))
    .option("--bitrate <kbps>", "bit rate of mp3, ogg and opus", wholeNumber(1, BITRATE_MAX_KBPS))
    .option("--plot <path>", "draw the waveforms of input and output, and who worked when, as PNG")
    .option("--json", "print the result as JSON, on the last line of stdout")
    .option("-q, --quiet", "no progress, no table");
  addRuntimeFlags(command)
    .addHelpText("after", HELP)
    .action((manifest: string, flags: RunFlags) => interruptible((signal) => run(manifest, flags, signal)));
}

const HELP = `
Audio is .wav, .mp3, .flac, .ogg (Vorbis) and .opus.
Text and JSON that no -o takes is printed on stdout, one JSON object per line:
{"nodeId", "port", "sequence", "type", "text" or "value", …}.
A .txt or .jsonl input is one value per line; a .json input is one value.
Files appear under their names when everything has succeeded.
An installed plugin reaches nothing but what --grant gives it: read:PATH,
write:PATH, net:HOST, env:NAME, run:PROGRAM, ffi:PATH, or a kind alone.

Examples:
  $ streamrack run gain.yaml -i speech.wav -o louder.wav
  $ streamrack run gain.yaml -i song.mp3 -o song.flac
  $ streamrack run speech.yaml -i in.wav -o clean.wav --plot before_after.png
  $ streamrack run mix.yaml -i music=song.wav -i voice=talk.wav -o out.wav
  $ streamrack run words.yaml -i text.txt -o result.jsonl
  $ streamrack run mine.yaml --plugin ./my_plugin.ts -i in.wav -o out.wav --json
  $ streamrack run theirs.yaml -p their-plugin --grant their-plugin=net:api.example.com,env:TOKEN`;

async function run(manifestPath: string, flags: RunFlags, signal: AbortSignal): Promise<void> {
  const manifest = await readManifest(manifestPath);
  const startedMs = performance.now();
  await withRuntime(flags, async (runtime) => {
    const session = await inManifest(
      manifestPath,
      () => runtime.open(manifest, { signal, recordActivity: flags.plot !== undefined }),
    );
    const files = await openSessionFiles(session, {
      inputs: flags.input ?? [],
      outputs: flags.output ?? [],
      reading: { chunkFrames: () => CHUNK_FRAMES, format: flags.format },
      writing: { encoding: flags.encoding, format: flags.format, bitrateKbps: flags.bitrate },
    });
    const recorder = flags.plot === undefined ? undefined : new PlotRecorder();
    const printer = new LinePrinter();
    const sent = new Tallies<Feed>();
    const received = new Tallies<string>();
    const unwritten = new Set<string>();
    const nameOf = (port: PortName) => targetOf(port, session.outputs);
    const progress = new Progress(longestSeconds(files), flags.quiet === true ? { terminal: NO_TERMINAL } : {});

    const onSend = (data: SessionOutput["data"], feed: Feed) => {
      sent.of(feed).add(data);
      progress.update(sent.seconds);
      if (data.type === "audio") recorder?.addBefore(sourceName(feed, files), data);
    };
    const onOutput = async (output: SessionOutput) => {
      const target = nameOf(output);
      const drain = files.drainFor(output);
      received.of(target).add(output.data);
      if (files.feeds.length === 0) progress.update(received.seconds);
      // Where files were named, what nobody keeps is not of interest.
      const isShown = drain !== undefined || files.drains.length === 0;
      if (output.data.type === "audio" && isShown) recorder?.addAfter(resultName(target, drain), output.data);
      if (drain !== undefined) return await drain.output.write(output.data);
      progress.clear();
      if (!await printer.print(output)) unwritten.add(target);
    };

    const openedMs = performance.now();
    let picture: ByteSink | undefined;
    try {
      if (flags.plot !== undefined) picture = await toFile(flags.plot, { tidy: true });
      await pump(session, files.feeds, { onSend, onOutput }, signal);
      if (recorder !== undefined) await picture?.write(recorder.toPng(timelineOf(await session.metrics())));
      await files.finish();
      await picture?.commit();
    } finally {
      progress.clear();
      await files.close();
      await picture?.discard();
    }
    const times = { startMs: openedMs - startedMs, streamMs: performance.now() - openedMs };
    const metrics = await session.metrics();
    const result = { times, files, plot: flags.plot, sent, received, unwritten, nameOf, metrics };
    if (flags.json === true) await writeStdout(`${JSON.stringify(toJson(result))}\n`);
    else if (flags.quiet !== true) report(result);
  });
}

interface RunResult {
  /** Until plugins were loaded and nodes created, and from then until the outputs were complete. */
  readonly times: { readonly startMs: number; readonly streamMs: number };
  readonly files: SessionFiles;
  readonly plot: string | undefined;
  readonly sent: Tallies<Feed>;
  readonly received: Tallies<string>;
  /** Outputs that could be neither written nor printed. */
  readonly unwritten: ReadonlySet<string>;
  nameOf(port: PortName): string;
  readonly metrics: SessionMetrics;
}

function report({ times, files, plot, sent, received, unwritten, nameOf, metrics }: RunResult): void {
  const seconds = sent.seconds || received.seconds;
  say(renderMetrics(metrics, times.streamMs));
  say("");
  for (const feed of files.feeds) {
    const { name, loss } = feed.input;
    say(`read   ${name}: ${sent.of(feed)}`);
    if (loss !== undefined) say(`note   ${name}: ${loss}`);
  }
  for (const { port, path } of files.drains) say(`wrote  ${path}: ${received.of(nameOf(port))}`);
  for (const target of unwritten) say(`unused ${target}: ${received.of(target)} (write it with -o ${target}=PATH)`);
  if (plot !== undefined) say(`drew   ${plot}`);
  const speed = seconds > 0 ? `, ${fewDigits(seconds * 1000 / times.streamMs)}x realtime` : "";
  say(`done   in ${timeText(times.streamMs / 1000)}${speed}, after ${timeText(times.startMs / 1000)} to start`);
}

function toJson({ times, files, plot, sent, received, nameOf, metrics }: RunResult): { [key: string]: unknown } {
  const seconds = sent.seconds || received.seconds;
  return {
    ok: true,
    ...times,
    ...(seconds > 0 ? { realtimeFactor: seconds * 1000 / times.streamMs } : {}),
    inputs: files.feeds.map((feed) => ({
      nodeId: feed.port.nodeId,
      port: feed.port.port,
      path: feed.input.name,
      loss: feed.input.loss,
      ...sent.of(feed).toJSON(),
    })),
    outputs: files.drains.map(({ port, path }) => ({
      nodeId: port.nodeId,
      port: port.port,
      path,
      ...received.of(nameOf(port)).toJSON(),
    })),
    plot,
    nodes: metrics.nodes,
    links: metrics.links,
  };
}

const NO_TERMINAL = { isTTY: false, write: () => {} } as const;

function longestSeconds(files: SessionFiles): number | undefined {
  const lengths = files.feeds.flatMap(({ input }) => input.audio === undefined ? [] : [input.totalSeconds]);
  return lengths.length === 0 || lengths.includes(undefined) ? undefined : Math.max(...lengths as number[]);
}

function sourceName({ input, port }: Feed, files: SessionFiles): string {
  return files.feeds.length === 1 ? basename(input.name) : `${basename(input.name)} to ${port.nodeId}`;
}

function resultName(target: string, drain: Drain | undefined): string {
  return drain === undefined ? `from ${target}` : `${basename(drain.path)} from ${target}`;
}
