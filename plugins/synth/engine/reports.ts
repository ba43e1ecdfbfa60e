/**
 * What the nodes of this plugin report.
 *
 * @module
 */

import type { DspGraph } from "../graph/schema.ts";
import type { Change } from "../policy/apply.ts";
import type { NormalPreset } from "../preset/normalise.ts";
import type { Preset } from "../preset/schema.ts";
import type { Role } from "../preset/roles.ts";
import type { Correction } from "../quality/correct.ts";
import type { QualityMeasures } from "../quality/measure.ts";
import type { QualityFinding } from "../quality/score.ts";
import type { PresetMatch } from "../search/preset_search.ts";
import type { FullGenerateRequest, FullPresetRequest } from "./request_types.ts";

/** What was chosen, what was changed, and why. */
export interface SynthDecision {
  readonly presetId: string;
  readonly presetName: string;
  readonly role: Role;
  /** The best presets for the prompt, the chosen one first unless it was named. */
  readonly matches: readonly PresetMatch[];
  /** Every change of a parameter, in the order in which they were made. */
  readonly changes: readonly Change[];
  /** What else is worth knowing, such as a prompt that was cut. */
  readonly notes: readonly string[];
  /** What it takes. */
  readonly budget: {
    /** Estimated share of one processor in real time, 0 up. */
    readonly estimatedCpu: number;
    /** From an event to its sound in real time, in milliseconds. */
    readonly latencyMs: number;
    /** How far it was stepped down to fit: 0 is not at all. */
    readonly qualityStep: number;
  };
}

/** Everything that a performance depends on: given to `replay`, it gives the same samples. */
export interface SynthTrace {
  /** Version of the engine. */
  readonly engine: string;
  readonly kind: "generate" | "preset";
  readonly request: FullGenerateRequest | FullPresetRequest;
  readonly presetId: string;
  /** Role whose policy was applied. */
  readonly policy: Role;
  readonly graphHash: string;
  /** Seed of everything random. */
  readonly seed: number;
  readonly correction: Correction;
}

/** The report that follows the audio of a request. */
export interface PlayReport {
  readonly kind: "generate" | "preset";
  /** Blocks of audio that belong to it. Ports have links of their own, so that the last ones may come after it. */
  readonly blocks: number;
  /** Samples that were silenced, since they were no numbers or beyond all measure: 0 unless the graph runs away. */
  readonly silencedSamples: number;
  readonly decision: SynthDecision;
  readonly trace: SynthTrace;
  /** The preset in base units, each value with the rule that made it. */
  readonly preset: NormalPreset;
  readonly graph: DspGraph;
  /** Measures of what was delivered, its score and what it lost points for; absent where measuring was not asked for. */
  readonly quality?: {
    readonly measures: QualityMeasures;
    /** 0 to 100. */
    readonly score: number;
    readonly findings: readonly QualityFinding[];
  };
}

/** What the engine of a thread is doing. */
export interface EngineStatus {
  readonly version: string;
  /** What computes the samples. */
  readonly backend: string;
  /** Graphs that are compiled and kept, and their hashes, the last used one at the end. */
  readonly cachedGraphs: number;
  readonly graphHashes: readonly string[];
  /** How often a graph was there already, and how often it had to be compiled. */
  readonly cacheHits: number;
  /** How often a graph had to be compiled. */
  readonly cacheMisses: number;
  /** Voices that sound now, in all performances of this thread. */
  readonly activeVoices: number;
  /** Time spent on the last blocks over their duration: 1 is all of a processor in real time. */
  readonly cpuLoad: number;
  /** Bytes of the JavaScript heap of this thread, and of the process; `null` where the runtime does not tell. */
  readonly heapBytes: number | null;
  /** Bytes of the process. */
  readonly rssBytes: number | null;
  /** Blocks of live performances that took longer than they last: those that were ahead covered it, or they were missed. */
  readonly slowBlocks: number;
  /** Blocks of live performances that were not there when their turn came, though others were ahead of them. */
  readonly deadlineMisses: number;
  /** Blocks that were rendered. */
  readonly renderedBlocks: number;
  /** Since the plugin was loaded, in seconds. */
  readonly uptimeS: number;
}

/** One line of the library. */
export interface PresetSummary {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly description: string;
  readonly tags: readonly string[];
}

/** The answer to a question. */
export type QueryReport =
  | { readonly kind: "status"; readonly status: EngineStatus }
  | { readonly kind: "list"; readonly presets: readonly PresetSummary[] }
  | { readonly kind: "load"; readonly preset: Preset; readonly normal: NormalPreset; readonly graph: DspGraph }
  | { readonly kind: "check"; readonly normal: NormalPreset; readonly graph: DspGraph }
  | { readonly kind: "warm"; readonly cachedGraphs: number }
  | { readonly kind: "search"; readonly matches: readonly PresetMatch[] };

/** What `synth.graph` reports. */
export type GraphReport =
  | { readonly kind: "quality"; readonly step: number; readonly load: number; readonly frame: number }
  | { readonly kind: "status"; readonly status: EngineStatus };
