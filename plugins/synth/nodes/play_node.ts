/**
 * What `synth.generate` and `synth.preset` have in common: a request in, its
 * audio in blocks out, then a report.
 *
 * @module
 */

import * as v from "valibot";
import {
  type AudioData,
  type ItemContext,
  type JsonData,
  type JsonValue,
  RuntimeData,
  StreamrackError,
  type TextData,
} from "../../../core/plugin.ts";
import { withoutNullOrigin } from "../../../core/node/null_origin.ts";
import { invalid, parse } from "../graph/problems.ts";
import { QualityMeter } from "../quality/measure.ts";
import { scoreQuality } from "../quality/score.ts";
import type { Embedder } from "../search/preset_search.ts";
import type { Decided } from "../engine/decided.ts";
import { engine } from "../engine/engine.ts";
import { Performance } from "../engine/performance.ts";
import type { PlayReport } from "../engine/reports.ts";
import { QueryRequestSchema } from "../engine/requests.ts";
import { Turns } from "../engine/turns.ts";
import { answerQuery } from "./query.ts";

/** What such a node gives: a block of audio, or a report. */
export type PlayOutput = { readonly out: AudioData } | { readonly report: JsonData };

/** Frames that are rendered between two looks at the clock. */
const FRAMES_PER_LOOK = 16_384;

/** Parameters that both nodes have. */
export const playParams = {
  measure: v.optional(
    v.pipe(v.boolean(), v.description("Whether what is delivered is measured and scored, for the report.")),
    true,
  ),
  errors: v.optional(
    v.pipe(
      v.picklist(["throw", "report"]),
      v.description('Whether a request that cannot be answered ends the session, or is answered on "report".'),
    ),
    () => "throw" as const,
  ),
};

/** How a node answers. */
export interface PlayNodeOptions {
  readonly measure: boolean;
  readonly errors: "throw" | "report";
  readonly embedder?: Embedder | undefined;
  /** Turns a request into a score. */
  readonly decide: (request: unknown) => Promise<Decided>;
}

/** Answers one request. */
export async function* answer(
  data: JsonData | TextData,
  { signal }: Pick<ItemContext, "signal">,
  options: PlayNodeOptions,
): AsyncGenerator<PlayOutput> {
  let blocks = 0;
  try {
    const request = readRequest(data);
    if (typeof request === "object" && request !== null && "query" in request) {
      const report = await answerQuery(
        parse(QueryRequestSchema, request, "request"),
        options.embedder,
      );
      yield { report: toReport(report) };
      return;
    }
    for await (const output of play(await options.decide(request), signal, options)) {
      if ("out" in output) blocks += 1;
      yield output;
    }
  } catch (thrown) {
    if (options.errors === "throw" || signal.aborted) throw thrown;
    const { code, reason, detail, problems, remedy } = StreamrackError.from(thrown, "node-failed");
    yield { report: toReport({ kind: "error", blocks, code, reason, detail, problems, remedy: remedy ?? null }) };
  }
}

function readRequest(data: JsonData | TextData): unknown {
  return data.type === "text" ? { prompt: data.text } : data.value;
}

async function* play(decided: Decided, signal: AbortSignal, { measure }: PlayNodeOptions): AsyncGenerator<PlayOutput> {
  const { score, policy } = decided;
  const { sampleRate, channels, frames } = score;
  const blockFrames = Math.min(decided.trace.request.blockFrames, frames);
  const meter = measure ? new QualityMeter(sampleRate, channels) : undefined;
  const performance = new Performance(score);
  let blocks = 0;
  const unwatch = engine.watch(() => performance.renderer.activeVoices);
  try {
    const metadata = { graphHash: decided.graph.hash, presetId: decided.preset.id, seed: score.seed };
    let startFrame = 0;
    while (performance.framesLeft > 0) {
      const count = Math.min(blockFrames, performance.framesLeft);
      const samples = new Float32Array(count * channels);
      const turns = new Turns(engine.now);
      for (let done = 0; done < count; done += FRAMES_PER_LOOK) {
        signal.throwIfAborted();
        const part = samples.subarray(done * channels, Math.min(count, done + FRAMES_PER_LOOK) * channels);
        const startedMs = engine.now();
        performance.render(part);
        engine.countBlock(engine.now() - startedMs, 1000 * part.length / channels / sampleRate);
        meter?.add(part);
        if (turns.isDue) await turns.take();
      }
      const timestampUs = 1e6 * startFrame / sampleRate;
      startFrame += count;
      blocks += 1;
      yield { out: RuntimeData.audio({ samples, sampleRate, channels, timestampUs, metadata }) };
    }
  } finally {
    unwatch();
  }
  const { kind, decision, trace, preset, graph: { graph } } = decided;
  const silencedSamples = performance.renderer.silencedSamples;
  const report: PlayReport = { kind, blocks, silencedSamples, decision, trace, preset, graph };
  if (meter === undefined) return yield { report: toReport(report) };
  const measures = meter.finish();
  yield { report: toReport({ ...report, quality: { measures, ...scoreQuality(measures, policy) } }) };
}

/** A report as JSON: without fields that are `undefined`. */
export function toReport(value: unknown): JsonData {
  return RuntimeData.json(JSON.parse(JSON.stringify(value)) as JsonValue);
}

/**
 * Loads the model of meaning that a parameter names.
 *
 * @throws {StreamrackError} `invalid-params` if the module cannot be loaded or has no `embed`.
 */
export async function loadEmbedder(specifier: string | undefined): Promise<Embedder | undefined> {
  if (specifier === undefined) return undefined;
  let loaded: { readonly default?: Partial<Embedder> };
  try {
    loaded = await withoutNullOrigin(() => import(specifier));
  } catch (cause) {
    const [why] = StreamrackError.from(cause, "invalid-params").detail.split("\n");
    throw new StreamrackError("invalid-params", `the embedder "${specifier}" could not be loaded: ${why}`, {
      cause,
      remedy: "Name a module by URL, or a package that is installed beside this one.",
    });
  }
  const { default: embedder } = loaded;
  if (typeof embedder?.embed === "function") return embedder as Embedder;
  throw invalid(`the embedder "${specifier}" is none`, [{
    path: "params.embedder",
    message: "its default export has no embed(texts)",
  }]);
}
