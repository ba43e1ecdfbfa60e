import * as v from "valibot";
import { type AudioData, defineNode, type JsonData, RuntimeData } from "../../../core/plugin.ts";
import { Deadlines } from "../engine/deadlines.ts";
import { engine } from "../engine/engine.ts";
import { latencyPlan } from "../engine/latency.ts";
import { presetById } from "../engine/library.ts";
import { QualityControl, REAL_TIME_STEPS } from "../engine/quality_control.ts";
import { Renderer } from "../engine/renderer.ts";
import type { GraphReport } from "../engine/reports.ts";
import type { FullGraphCommand } from "../engine/request_types.ts";
import { GraphCommandSchema, GraphSoundSchema } from "../engine/requests.ts";
import type { CompiledGraph } from "../graph/cache.ts";
import { invalid, parse } from "../graph/problems.ts";
import type { DspGraph } from "../graph/schema.ts";
import { normalisePreset } from "../preset/normalise.ts";
import { presetGraph } from "../preset/to_graph.ts";
import { toReport } from "./play_node.ts";
import type { SynthNode } from "./synth_node.ts";

type Output = { readonly out: AudioData } | { readonly report: JsonData };

/** A number of a range, with a default. */
function bounded([min, max, fallback]: readonly [number, number, number], about: string) {
  return v.optional(v.pipe(v.number(), v.minValue(min), v.maxValue(max), v.description(about)), fallback);
}

/**
 * Plays a graph live. JSON commands are taken in order: `note-on`,
 * `note-off`, `set` (a number of a node; it arrives within 10 ms, without a
 * click), `render` (so many blocks) and `status`. An audio value is a block to
 * be filled: its samples are overwritten and handed on, so that a sender which
 * sends the same buffers again plays without any being allocated.
 *
 * `frame` of a command counts what was rendered, from 0. What is heard is late
 * by the look-ahead of the limiter (5 ms, or a quarter of `maxLatencyMs`) and
 * by the blocks that are asked for ahead: as many as there is time for in the
 * rest. A block that is not done by then counts as a missed deadline.
 */
export const graph: SynthNode = defineNode({
  type: "synth.graph",
  summary: "Plays a DSP graph or a preset live: notes and changes in, blocks of audio out.",
  params: v.object({
    sound: GraphSoundSchema,
    sampleRateHz: bounded([8000, 192_000, 44_100], "Sample rate in hertz, 8000 to 192 000."),
    channels: v.optional(v.pipe(v.picklist([1, 2]), v.description("Mono or stereo.")), 2),
    blockFrames: v.optional(
      v.pipe(
        v.number(),
        v.integer(),
        v.minValue(64),
        v.maxValue(512),
        v.description("Frames in a block, 64 to 512. Absent: as many as maxLatencyMs allows."),
      ),
    ),
    maxLatencyMs: bounded(
      [3, 1000, 10],
      "Most time from an event to its sound, in milliseconds, 3 to 1000: look-ahead and blocks ahead share it.",
    ),
    maxCpu: v.optional(v.pipe(
      v.number(),
      v.minValue(0.001),
      v.maxValue(1),
      v.description(
        "Most of a block's time that rendering it may take, 0.001 to 1. Beyond it voices and unison parts are left out, which is reported. Absent: nothing is left out.",
      ),
    )),
    tempo: bounded([20, 400, 120], "Quarter notes per minute, for the note lengths of a preset."),
    seed: v.optional(
      v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(4_294_967_295), v.description("Of what is random.")),
      1,
    ),
  }),
  inputs: { in: ["json", "audio"] },
  outputs: { out: ["audio"], report: ["json"] },
  async create({ params }) {
    const { sampleRateHz: sampleRate, channels, seed, tempo, maxLatencyMs, maxCpu } = params;
    const compiled = await compileSound(params.sound, sampleRate, tempo);
    const { lookaheadS, blockFrames, blocksAhead } = latencyPlan(maxLatencyMs, sampleRate, params.blockFrames);
    const start = () => new Renderer(compiled.plan, { sampleRate, channels: channels as 1 | 2, seed, lookaheadS });
    const newDeadlines = () => new Deadlines(1000 * blocksAhead * blockFrames / sampleRate);
    const newControl = () => maxCpu === undefined ? undefined : new QualityControl(maxCpu);
    warmUp(start(), channels);
    let renderer = start();
    let control = newControl();
    let deadlines = newDeadlines();
    const unwatch = engine.watch(() => renderer.activeVoices);
    const metadata = { graphHash: compiled.hash };

    /** Fills a block; gives a report if that changed the quality. */
    const fill = (samples: Float32Array): GraphReport | undefined => {
      const startedMs = engine.now();
      renderer.render(samples);
      const frames = samples.length / channels;
      const load = engine.countBlock(engine.now() - startedMs, 1000 * frames / sampleRate, deadlines);
      const mean = control?.count(load);
      if (control === undefined || mean === undefined) return undefined;
      renderer.limit(REAL_TIME_STEPS[control.step] as (typeof REAL_TIME_STEPS)[number]);
      return { kind: "quality", step: control.step, load: Math.round(1e3 * mean) / 1e3, frame: renderer.frame };
    };
    const block = (samples: Float32Array): Output[] => {
      const timestampUs = 1e6 * renderer.frame / sampleRate;
      const report = fill(samples);
      const out = RuntimeData.audio({ samples, sampleRate, channels, timestampUs, metadata });
      return report === undefined ? [{ out }] : [{ out }, { report: toReport(report) }];
    };

    return {
      *process(data): Generator<Output> {
        if (data.type === "audio") return yield* block(samplesOf(data, sampleRate, channels));
        const command = parse(GraphCommandSchema, data.value, "command");
        switch (command.op) {
          case "render":
            for (let i = 0; i < command.blocks; i++) yield* block(new Float32Array(blockFrames * channels));
            return;
          case "status":
            return yield { report: toReport({ kind: "status", status: engine.status() }) };
          default:
            schedule(renderer, compiled.graph, command);
        }
      },
      reset() {
        renderer = start();
        control = newControl();
        deadlines = newDeadlines();
      },
      [Symbol.asyncDispose]() {
        unwatch();
      },
    };
  },
});

const WARM_UP_FRAMES = 4096;

/** Plays a note that nobody hears: tables are made and kernels compiled before the first block is due. */
function warmUp(renderer: Renderer, channels: number): void {
  renderer.schedule({ kind: "note-on", frame: 0, note: 60, velocity: 0.8 });
  renderer.schedule({ kind: "note-off", frame: WARM_UP_FRAMES / 2, note: 60 });
  renderer.render(new Float32Array(WARM_UP_FRAMES * channels));
}

/** Compiles what is to be played. */
async function compileSound(sound: unknown, sampleRate: number, tempoBpm: number): Promise<CompiledGraph> {
  if (typeof sound === "object" && sound !== null && "nodes" in sound) {
    return await engine.graphs.compile(sound as DspGraph);
  }
  const document: unknown = typeof sound === "string" ? presetById(sound, "params.sound") : sound;
  return await engine.graphs.compile(presetGraph(normalisePreset(document, { tempoBpm }), sampleRate).graph);
}

function schedule(
  renderer: Renderer,
  graph: DspGraph,
  command: Exclude<FullGraphCommand, { op: "render" | "status" }>,
): void {
  const frame = command.frame ?? renderer.frame;
  if (command.op !== "set") {
    const { note } = command;
    return renderer.schedule(
      command.op === "note-on"
        ? { kind: "note-on", frame, note, velocity: command.velocity }
        : { kind: "note-off", frame, note },
    );
  }
  const { node, param: name, value } = command;
  const param = renderer.param(node, name);
  if (param === undefined) {
    const known = graph.nodes.some(({ id }) => id === node);
    throw invalid("there is nothing to set", [{
      path: known ? "command.param" : "command.node",
      message: known ? "is no number of this node that can change while it sounds" : "names no node of the graph",
      received: JSON.stringify(known ? name : node),
    }]);
  }
  renderer.schedule({ kind: "set", frame, param, value });
}

/** The samples of a block that is to be filled. */
function samplesOf(audio: AudioData, sampleRate: number, channels: number): Float32Array {
  const problems = [
    ...audio.format === "f32"
      ? []
      : [{ path: "audio.format", message: "does not fit", received: audio.format, expected: "f32" }],
    ...audio.channels === channels
      ? []
      : [{ path: "audio.channels", message: "do not fit", received: `${audio.channels}`, expected: `${channels}` }],
    ...audio.sampleRate === sampleRate ? [] : [{
      path: "audio.sampleRate",
      message: "does not fit",
      received: `${audio.sampleRate}`,
      expected: `${sampleRate}`,
    }],
  ];
  if (problems.length > 0) throw invalid("this block cannot be filled", problems);
  return audio.samples as Float32Array;
}
