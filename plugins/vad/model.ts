/**
 * The Silero VAD network (version 5), run by ONNX Runtime compiled to WebAssembly.
 *
 * The exported function of the network was read off the model file: it takes
 * `input` [1, 576], `state` [2, 1, 128] and `sr`, and gives `output` [1, 1] and
 * `stateN`. Of the 576 samples the first 64 are the last ones of the window
 * before, as in Silero's own wrapper; without them the results get worse.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import type * as ort from "onnxruntime-web";
import { StreamrackError } from "../../core/plugin.ts";

/** The only sample rate that is offered, in hertz. */
export const SAMPLE_RATE_HZ = 16_000;
/** New samples per window: 32 ms. */
export const WINDOW_SAMPLES = 512;
const CONTEXT_SAMPLES = 64;
const STATE_SHAPE = [2, 1, 128];
const STATE_SIZE = 2 * 1 * 128;

type Runtime = typeof ort;

let shared: Promise<SileroModel> | undefined;

/** The model of this thread: loaded at the first call (some 0.5 s), then shared. A failed load is tried again. */
export function loadModel(): Promise<SileroModel> {
  shared ??= SileroModel.load().catch((error) => {
    shared = undefined;
    throw error;
  });
  return shared;
}

/** The loaded network, without any state of a stream: see {@linkcode SileroModel.stream}. */
export class SileroModel {
  readonly #ort: Runtime;
  readonly #session: ort.InferenceSession;
  readonly #sampleRate: ort.Tensor;
  /** Settles when the last queued run has. */
  #lastRun: Promise<unknown> = Promise.resolve();

  private constructor(runtime: Runtime, session: ort.InferenceSession) {
    this.#ort = runtime;
    this.#session = session;
    this.#sampleRate = new runtime.Tensor("int64", BigInt64Array.of(BigInt(SAMPLE_RATE_HZ)), []);
  }

  /** @throws {StreamrackError} `file-not-found` if one of the two packages cannot be read. */
  static async load(): Promise<SileroModel> {
    try {
      const runtime = await import("onnxruntime-web");
      // The network is too small to gain from threads; and they would be nested workers.
      runtime.env.wasm.numThreads = 1;
      const file = new URL(import.meta.resolve("@ricky0123/vad-web/dist/silero_vad_v5.onnx"));
      return new SileroModel(runtime, await runtime.InferenceSession.create(await readFile(file)));
    } catch (cause) {
      throw new StreamrackError("file-not-found", "the Silero model could not be loaded", {
        cause,
        remedy: "Install onnxruntime-web and @ricky0123/vad-web, and let the plugin read their folders.",
      });
    }
  }

  /** Begins a stream: its calls give the probability of speech (0 to 1) in windows that follow each other. */
  stream(): SileroStream {
    const input = new Float32Array(CONTEXT_SAMPLES + WINDOW_SAMPLES);
    let state: ort.Tensor = new this.#ort.Tensor("float32", new Float32Array(STATE_SIZE), STATE_SHAPE);
    return async (window) => {
      input.copyWithin(0, WINDOW_SAMPLES);
      input.fill(0, CONTEXT_SAMPLES);
      input.set(window, CONTEXT_SAMPLES);
      const tensor = new this.#ort.Tensor("float32", input, [1, input.length]);
      const { output, stateN } = await this.#run({ input: tensor, state, sr: this.#sampleRate });
      state = stateN as ort.Tensor;
      return ((output as ort.Tensor).data as Float32Array)[0] as number;
    };
  }

  /** ONNX Runtime refuses a second run of a session while one is under way, so that streams take turns. */
  #run(feeds: ort.InferenceSession.FeedsType): Promise<ort.InferenceSession.ReturnType> {
    const run = this.#lastRun.then(() => this.#session.run(feeds));
    this.#lastRun = run.catch(() => {}); // the failure is that of its caller, not of the next one
    return run;
  }
}

/**
 * Judges the next window of a stream, of at most {@linkcode WINDOW_SAMPLES}
 * finite samples; a shorter one counts as followed by silence. One call at a time.
 */
export type SileroStream = (window: Float32Array) => Promise<number>;
