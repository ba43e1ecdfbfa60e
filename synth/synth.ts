/**
 * The audio engine behind a bridge: the application asks, an engine in a
 * worker renders.
 *
 * @module
 */

import { createRuntime, type Runtime, StreamrackError } from "../mod.ts";
import type { JsonValue } from "../core/plugin.ts";
import type {
  DspGraph,
  EngineStatus,
  GenerateRequest,
  GraphSound,
  PlayReport,
  Preset,
  PresetMatch,
  PresetRequest,
  PresetSummary,
  QueryReport,
  QueryRequest,
  Role,
  SynthTrace,
} from "../plugins/synth/api.ts";
import { audioBlocks } from "./audio_blocks.ts";
import { Instrument, type InstrumentOptions } from "./instrument.ts";
import type { Lane } from "./lane.ts";
import { LanePool } from "./lane_pool.ts";
import type { AudioBlocks, CallOptions, GeneratedAudio, LoadedPreset, PresetOptions, SynthOptions } from "./types.ts";

/** Longest audio that is given in one piece, in seconds. */
const MAX_PIECE_S = 600;
/** Graphs that a new engine is given after the old one has died. */
const REMEMBERED_GRAPHS = 16;

/**
 * The engine, as the application sees it. Made by {@linkcode createSynth}.
 *
 * Every call rejects with a {@linkcode StreamrackError}: `invalid-data` with
 * every problem of a request, `worker-crashed` (retryable) if the engine died,
 * `runtime-closed` after {@linkcode Synth.close}. The next call after a crash
 * has a new engine, which has the graphs of the old one.
 */
export class Synth {
  readonly #runtime: Runtime;
  readonly #ownsRuntime: boolean;
  readonly #prompts: LanePool;
  readonly #presets: LanePool;
  readonly #instruments = new Set<Instrument>();
  /** The last graphs, by their hash. */
  readonly #graphs = new Map<string, DspGraph>();

  /** @param runtime Not closed with the synth unless `ownsRuntime`. */
  constructor(runtime: Runtime, options: SynthOptions & { readonly ownsRuntime: boolean }) {
    this.#runtime = runtime;
    this.#ownsRuntime = options.ownsRuntime;
    const limit = options.threads ?? 1;
    const onReplaced = (lane: Lane) => this.#warm(lane);
    const embedder: { readonly embedder?: string } = options.embedder === undefined
      ? {}
      : { embedder: String(options.embedder) };
    const pool = (nodeType: string, params: JsonValue) =>
      new LanePool({ runtime, nodeType, params, limit, onReplaced });
    this.#prompts = pool("synth.generate", toJson({ errors: "report", ...embedder }));
    this.#presets = pool("synth.preset", { errors: "report" });
  }

  /**
   * Generates audio from a prompt, in one piece of at most 600 s.
   *
   * @example
   * ```ts
   * import { createSynth } from "@streamrack/core/synth";
   * import assert from "node:assert/strict";
   *
   * await using synth = await createSynth();
   * const { samples, report } = await synth.generateAudio({
   *   prompt: "warm analog pad",
   *   role: "pad",
   *   tempo: 90,
   *   key: "A",
   *   scale: "minor",
   *   durationS: 1,
   * });
   * assert.equal(samples.length, 2 * 44_100); // stereo
   * assert.equal(report.decision.presetId, "warm-analog-pad");
   * ```
   */
  async generateAudio(request: GenerateRequest, { signal }: CallOptions = {}): Promise<GeneratedAudio> {
    checkPiece(request.durationS);
    return await this.#piece(this.#prompts, request, signal);
  }

  /** The same in blocks of `blockFrames` as they are rendered, of any length: it takes no more memory for hours. */
  streamAudio(request: GenerateRequest, { signal }: CallOptions = {}): AudioBlocks {
    return this.#stream(this.#prompts, request, signal);
  }

  /** Plays a preset (or one of ours, by id) as it is. Default: 2 s. */
  async generateFromPreset(
    preset: Preset | string,
    options: PresetOptions & CallOptions = {},
  ): Promise<GeneratedAudio> {
    const { signal, ...rest } = options;
    checkPiece(rest.durationS);
    return await this.#piece(this.#presets, { preset, ...rest }, signal);
  }

  /** The same in blocks as they are rendered, of any length. */
  streamFromPreset(
    preset: Preset | string,
    options: Omit<PresetRequest, "preset"> & CallOptions = {},
  ): AudioBlocks {
    const { signal, ...rest } = options;
    return this.#stream(this.#presets, { preset, ...rest }, signal);
  }

  /** Generates again what a trace describes: the same samples, or an error if that is no longer possible. */
  async replay(trace: SynthTrace, { signal }: CallOptions = {}): Promise<GeneratedAudio> {
    const pool = trace.kind === "generate" ? this.#prompts : this.#presets;
    const request = trace.kind === "generate" ? { ...trace.request, presetId: trace.presetId } : trace.request;
    const audio = await this.#piece(pool, { ...request, seed: trace.seed }, signal);
    const { engine, graphHash } = audio.report.trace;
    if (graphHash !== trace.graphHash || engine !== trace.engine) {
      throw new StreamrackError("invalid-data", "the trace does not lead to the same sound any more", {
        problems: [
          { path: "trace.engine", message: "is another version", received: trace.engine, expected: engine },
          { path: "trace.graphHash", message: "is another graph", received: trace.graphHash, expected: graphHash },
        ].filter(({ received, expected }) => received !== expected),
        remedy:
          "The presets, the policies or the engine have changed since: replay it with the version it was made with.",
      });
    }
    return audio;
  }

  /** What the engine is doing. */
  async getStatus(): Promise<EngineStatus> {
    return (await this.#ask({ query: "status" }, "status")).status;
  }

  /** The presets that come with the engine, all or those of a role. */
  async listPresets({ role }: { readonly role?: Role | undefined } = {}): Promise<readonly PresetSummary[]> {
    return (await this.#ask({ query: "list", ...role === undefined ? {} : { role } }, "list")).presets;
  }

  /** One of the presets that come with the engine. */
  async loadPreset(presetId: string): Promise<LoadedPreset> {
    const { preset, normal, graph } = await this.#ask({ query: "load", presetId }, "load");
    return { preset, normal, graph };
  }

  /** Checks a preset of yours; gives it in base units and as a graph. */
  async checkPreset(preset: unknown): Promise<Omit<LoadedPreset, "preset">> {
    const { normal, graph } = await this.#ask({ query: "check", preset }, "check");
    return { normal, graph };
  }

  /**
   * Presets by how well they fit a prompt, with scores and reasons.
   *
   * @param options.role Only presets of this role.
   * @param options.limit Most results, 1 to 1000. Default: 10.
   */
  async search(
    prompt: string,
    options: { readonly role?: Role | undefined; readonly limit?: number | undefined } = {},
  ): Promise<readonly PresetMatch[]> {
    return (await this.#ask({ query: "search", prompt, ...options }, "search")).matches;
  }

  /** Opens a sound to be played live: a graph, a preset, or the id of one of ours. */
  async openInstrument(sound: GraphSound, options: InstrumentOptions = {}): Promise<Instrument> {
    this.#prompts.checkOpen();
    const instrument = await Instrument.open(this.#runtime, sound, options);
    this.#instruments.add(instrument);
    void instrument.closed.then(() => this.#instruments.delete(instrument));
    return instrument;
  }

  /** Ends everything. May be repeated. */
  async close(): Promise<void> {
    await Promise.all([this.#prompts.close(), this.#presets.close()]);
    await Promise.all([...this.#instruments].map((instrument) => instrument.close()));
    if (this.#ownsRuntime) await this.#runtime.close();
  }

  /** The same as {@linkcode Synth.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #piece(pool: LanePool, request: object, signal: AbortSignal | undefined): Promise<GeneratedAudio> {
    // One block for all of it, so that it is moved here as it is.
    const rate = "sampleRate" in request && typeof request.sampleRate === "number" ? request.sampleRate : 44_100;
    const blockFrames = Math.max(64, Math.min(100_000_000, Math.ceil(MAX_PIECE_S * rate)));
    let samples = new Float32Array(0);
    for await (const output of pool.request(toJson({ ...request, blockFrames }), signal)) {
      if ("samples" in output) samples = output.samples as Float32Array<ArrayBuffer>;
      else {
        const report = this.#remember(output.report);
        const { sampleRate, channels } = report.trace.request;
        return { samples, sampleRate, channels, report };
      }
    }
    throw new StreamrackError("session-closed", "the engine ended before its answer");
  }

  #stream(pool: LanePool, request: object, signal: AbortSignal | undefined): AudioBlocks {
    return audioBlocks(pool.request(toJson(request), signal), (value) => this.#remember(value));
  }

  async #ask<K extends QueryReport["kind"]>(
    query: QueryRequest,
    _kind: K,
  ): Promise<Extract<QueryReport, { readonly kind: K }>> {
    for await (const output of this.#prompts.request(toJson(query))) {
      if ("report" in output) return output.report as unknown as Extract<QueryReport, { readonly kind: K }>;
    }
    throw new StreamrackError("session-closed", "the engine ended before its answer");
  }

  #remember(value: JsonValue): PlayReport {
    const report = value as unknown as PlayReport;
    const { graphHash } = report.trace;
    this.#graphs.delete(graphHash);
    this.#graphs.set(graphHash, report.graph);
    if (this.#graphs.size > REMEMBERED_GRAPHS) this.#graphs.delete(this.#graphs.keys().next().value as string);
    return report;
  }

  async #warm(lane: Lane): Promise<void> {
    const request = toJson({ query: "warm", graphs: [...this.#graphs.values()] });
    for await (const _ of lane.request(request)) { /* its only answer is that it is done */ }
  }
}

/** A request as JSON: without fields that are `undefined`. */
function toJson(value: unknown): JsonValue {
  return JSON.parse(JSON.stringify(value)) as JsonValue;
}

function checkPiece(durationS: number | undefined): void {
  if (durationS === undefined || !(durationS > MAX_PIECE_S)) return;
  throw new StreamrackError("invalid-data", "this is too long for one piece", {
    problems: [{
      path: "request.durationS",
      message: "is too long",
      received: `${durationS}`,
      expected: `at most ${MAX_PIECE_S}`,
    }],
    remedy: "Take it in blocks, from streamAudio().",
  });
}

/**
 * Makes a synth. Its engine starts with the first request.
 *
 * @throws {StreamrackError} `invalid-options` if an option is out of range.
 */
export async function createSynth(options: SynthOptions = {}): Promise<Synth> {
  const { threads = 1, runtime } = options;
  if (!Number.isSafeInteger(threads) || threads < 1) {
    const problem = { path: "options.threads", message: "is not right", received: String(threads) };
    throw new StreamrackError("invalid-options", "the synth cannot be made with these options", {
      problems: [{ ...problem, expected: "a whole number from 1" }],
    });
  }
  // One thread, one engine: prompts, presets and instruments share its compiled graphs.
  return new Synth(runtime ?? await createRuntime({ maxThreads: threads }), {
    ...options,
    ownsRuntime: runtime === undefined,
  });
}
