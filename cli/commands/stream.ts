/**
 * `streamrack stream`: a pipeline as one stage of a shell pipe.
 *
 * @module
 */

import { type Command, Option } from "commander";
import type { SessionOutput } from "../../mod.ts";
import type { AudioWriterOptions } from "../../audio/audio_writer.ts";
import type { Encoding, OutputEncoding, PcmFormat } from "../../audio/pcm/encodings.ts";
import { CHANNELS_MAX, SAMPLE_RATE_MAX_HZ } from "../../audio/pcm/encodings.ts";
import { FILE_FORMATS, type FileFormat } from "../../audio/file_format.ts";
import { say } from "../exit.ts";
import { type FileArgument, parseFileArgument, targetOf } from "../flow/bindings.ts";
import { LinePrinter } from "../flow/output_lines.ts";
import { pump } from "../flow/pump.ts";
import { openSessionFiles } from "../flow/session_files.ts";
import { interruptible } from "../interrupt.ts";
import { renderMetrics } from "../metrics_table.ts";
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

const RAW_INPUTS = {
  u8: "u8",
  s16le: "s16",
  s24le: "s24",
  s32le: "s32",
  f32le: "f32",
  f64le: "f64",
  alaw: "alaw",
  mulaw: "mulaw",
} as const satisfies { readonly [name: string]: Encoding };

const RAW_OUTPUTS = { s16le: "s16", s24le: "s24", s32le: "s32", f32le: "f32" } as const satisfies {
  readonly [name: string]: OutputEncoding;
};

type InputFormat = FileFormat | keyof typeof RAW_INPUTS;
type OutputFormat = FileFormat | keyof typeof RAW_OUTPUTS;

interface StreamFlags extends RuntimeFlags {
  readonly input?: readonly FileArgument[];
  readonly output?: readonly FileArgument[];
  readonly format?: InputFormat;
  readonly outputFormat?: OutputFormat;
  readonly rate: number;
  readonly channels: number;
  readonly chunkMs: number;
  readonly bitrate?: number;
  readonly stats?: boolean;
}

/** Adds `stream` to the program. */
export function addStreamCommand(program: Command): void {
  const inputFormats = [...FILE_FORMATS, ...Object.keys(RAW_INPUTS)];
  const outputFormats = [...FILE_FORMATS, ...Object.keys(RAW_OUTPUTS)];
  const command = program.command("stream")
    .summary("run a pipeline in a shell pipe")
    .description("Streams audio from stdin through a pipeline to stdout, with low latency.")
    .argument("<manifest>", "manifest file, JSON or YAML")
    .option("-i, --input <[node=]path>", "input; default: - (stdin)", appendFile)
    .option("-o, --output <[node=]path>", "output; default: - (stdout), if the pipeline gives audio", appendFile)
    .addOption(new Option("-f, --format <format>", "format of the pipes; default: what comes in, and wav out")
      .choices(inputFormats))
    .addOption(new Option("--output-format <format>", "format of the output pipe, where it differs")
      .choices(outputFormats))
    .option("--bitrate <kbps>", "bit rate of mp3, ogg and opus", wholeNumber(1, BITRATE_MAX_KBPS))
    .option("-r, --rate <hz>", "sample rate of raw input", wholeNumber(1, SAMPLE_RATE_MAX_HZ), 48_000)
    .option("-c, --channels <count>", "channels of raw input", wholeNumber(1, CHANNELS_MAX), 1)
    .option("--chunk-ms <ms>", "length of the chunks that are sent", wholeNumber(1, 10_000), 20)
    .option("--stats", "print the table of nodes on stderr at the end");
  addRuntimeFlags(command)
    .addHelpText("after", HELP)
    .action((manifest: string, flags: StreamFlags) => interruptible((signal) => stream(manifest, flags, signal)));
}

const HELP = `
The extension of a file tells its format; --format is for pipes.
WAV on stdout is followed by all the audio that comes: its sizes say "unknown".
Raw output has the rate and channels that the pipeline gives it.
Where the pipeline gives text or JSON and no audio, stdout has JSON lines.

Examples:
  $ sox in.flac -t wav - | streamrack stream gain.yaml | sox -t wav - out.flac
  $ arecord -f S16_LE -r 16000 -t raw | streamrack stream vad.yaml -f s16le -r 16000
  $ curl -s URL/song.mp3 | streamrack stream gain.yaml --output-format opus >song.opus
  $ streamrack stream gain.yaml -f f32le -r 48000 -c 2 <in.raw >out.raw`;

const PIPE: FileArgument = parseFileArgument("-");

async function stream(manifestPath: string, flags: StreamFlags, signal: AbortSignal): Promise<void> {
  const manifest = await readManifest(manifestPath);
  await withRuntime(flags, async (runtime) => {
    const session = await inManifest(manifestPath, () => runtime.open(manifest, { signal }));
    const givesAudio = session.outputs.some(({ kinds }) => kinds.includes("audio") || kinds.includes("any"));
    const files = await openSessionFiles(session, {
      inputs: flags.input ?? (session.inputs.length > 0 ? [PIPE] : []),
      outputs: flags.output ?? (givesAudio ? [PIPE] : []),
      reading: {
        raw: rawFormat(flags),
        format: FILE_FORMATS.find((format) => format === flags.format),
        chunkFrames: (sampleRate) => Math.max(1, Math.round(sampleRate * flags.chunkMs / 1000)),
      },
      writing: writing(flags),
    });
    for (const { input: { name, loss } } of files.feeds) if (loss !== undefined) say(`note: ${name}: ${loss}`);
    const printer = new LinePrinter();
    const hasAudioOnStdout = files.drains.some(({ path }) => path === "-");
    const unused = new Set<string>();
    const onOutput = async (output: SessionOutput) => {
      const drain = files.drainFor(output);
      if (drain !== undefined) return await drain.output.write(output.data);
      const isPrinted = !hasAudioOnStdout && await printer.print(output);
      const target = targetOf(output, session.outputs);
      if (isPrinted || unused.has(target)) return;
      unused.add(target);
      say(`unused: ${output.data.type} of ${target} (write it with -o ${target}=PATH)`);
    };
    const startedMs = performance.now();
    try {
      await pump(session, files.feeds, { onOutput }, signal);
      await files.finish();
    } finally {
      await files.close();
    }
    if (flags.stats === true) say(renderMetrics(await session.metrics(), performance.now() - startedMs));
  });
}

function rawFormat({ format, rate, channels }: StreamFlags): PcmFormat | undefined {
  if (format === undefined || !(format in RAW_INPUTS)) return undefined;
  return { encoding: RAW_INPUTS[format as keyof typeof RAW_INPUTS], sampleRate: rate, channels };
}

/** Raw output keeps the encoding of raw input, if it is one that is written; else that of the audio. */
function writing({ format = "wav", outputFormat = format as OutputFormat, bitrate }: StreamFlags): AudioWriterOptions {
  const fileFormat = FILE_FORMATS.find((each) => each === outputFormat);
  if (fileFormat !== undefined) return { format: fileFormat, bitrateKbps: bitrate };
  return { format: "raw", encoding: RAW_OUTPUTS[outputFormat as keyof typeof RAW_OUTPUTS] };
}
