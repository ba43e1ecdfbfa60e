/**
 * From a request to a score: which preset, which changes, which notes.
 *
 * @module
 */

import { gainOfDb } from "../dsp/exact_math.ts";
import type { CompiledGraph } from "../graph/cache.ts";
import { contentHash } from "../graph/hash.ts";
import { invalid } from "../graph/problems.ts";
import { applyChanges, applyPolicy, applyPromptWords, type Change } from "../policy/apply.ts";
import { type PhraseNote, phraseNotes, phraseSeconds } from "../policy/phrase.ts";
import type { RolePolicy } from "../policy/schema.ts";
import { normalisePreset, type NormalPreset } from "../preset/normalise.ts";
import { type BuiltGraph, presetGraph } from "../preset/to_graph.ts";
import { NO_CORRECTION } from "../quality/correct.ts";
import { type Embedder, type PresetMatch, wordsOf } from "../search/preset_search.ts";
import { estimateCpu, QUALITY_STEPS, stepDown } from "./budget.ts";
import { correctedCutoff, correctionOf } from "./correction_round.ts";
import type { SynthEngine } from "./engine.ts";
import type { Decided } from "./decided.ts";
import { latencyPlan } from "./latency.ts";
import { policyOf, presetById } from "./library.ts";
import type { Score } from "./performance.ts";
import type { FullGenerateRequest, FullPresetRequest } from "./request_types.ts";
import { MAX_PROMPT_CHARS } from "./requests.ts";
import { mostTogether, requestedNotes } from "./score_notes.ts";

/** Longest performance that a phrase alone asks for. */
const MAX_DEFAULT_S = 30;
const MATCHES_SHOWN = 5;

/** Decides on a request by prompt. */
export async function decidePrompt(
  request: FullGenerateRequest,
  engine: SynthEngine,
  embedder?: Embedder,
): Promise<Decided> {
  const notes: string[] = [];
  let { prompt } = request;
  if (prompt.length > MAX_PROMPT_CHARS) {
    notes.push(`the prompt has ${prompt.length} characters: the first ${MAX_PROMPT_CHARS} were read`);
    prompt = prompt.slice(0, MAX_PROMPT_CHARS);
  }
  const matches = await engine.search(prompt, { role: request.role, limit: MATCHES_SHOWN }, embedder);
  const document = presetById(choose(request, prompt, matches, notes), "request.presetId");
  const role = request.role ?? document.role;
  const policy = policyOf(role);
  const context = { tempoBpm: request.tempo, key: request.key, scale: request.scale };
  const worded = applyPromptWords(normalisePreset(document, context), wordsOf(prompt));
  const ruled = applyPolicy(worded.preset, policy, context);
  const frames = framesOf(request.durationS ?? Math.min(MAX_DEFAULT_S, phraseSeconds(policy, request.tempo)), request);
  const play = () => phraseNotes(policy, { ...context, ...ruled.preset, sampleRate: request.sampleRate, frames });
  return await finish("generate", {
    request,
    preset: ruled.preset,
    policy,
    matches,
    changes: [...worded.changes, ...ruled.changes],
    notes,
    play,
    frames,
    isCorrected: true,
  }, engine);
}

/** Decides on a request by preset: it is played as it is. */
export async function decidePreset(request: FullPresetRequest, engine: SynthEngine): Promise<Decided> {
  const document: unknown = typeof request.preset === "string"
    ? presetById(request.preset, "request.preset")
    : request.preset;
  const context = { tempoBpm: request.tempo, key: request.key, scale: request.scale };
  const preset = normalisePreset(document, context);
  const policy = policyOf(preset.role);
  const frames = framesOf(request.durationS, request);
  return await finish("preset", {
    request,
    preset,
    policy,
    matches: [],
    changes: [],
    notes: [],
    play: () => requestedNotes(request, policy, { ...context, ...preset, sampleRate: request.sampleRate, frames }),
    frames,
    isCorrected: false,
  }, engine);
}

function choose(
  { presetId, role }: FullGenerateRequest,
  prompt: string,
  matches: readonly PresetMatch[],
  notes: string[],
): string {
  if (presetId !== undefined) return presetId;
  const [best] = matches;
  if (best !== undefined) {
    if (best.reasons.length > 0 && best.reasons.every(({ by }) => by === "spelling")) {
      const read = best.reasons.map(({ word, matched }) => `"${word}" was taken for "${matched}"`).join(", ");
      notes.push(`no word of the prompt is known as it is written: ${read}`);
    }
    return best.id;
  }
  if (role === undefined) {
    const received = prompt.trim() === "" ? "an empty text" : JSON.stringify(prompt.slice(0, 60));
    const expected = 'words for a sound, such as "warm analog pad", or a role';
    throw invalid("no preset fits the prompt", [{
      path: "request.prompt",
      message: "says nothing about a sound that is known",
      received,
      expected,
    }]);
  }
  notes.push(`no word of the prompt is known: this is the first preset of the role ${role}`);
  return DEFAULT_PRESETS[role];
}

/** What a role alone asks for. */
const DEFAULT_PRESETS = {
  pad: "warm-analog-pad",
  bass: "deep-sub-bass",
  lead: "classic-saw-lead",
  keys: "electric-piano",
  pluck: "nylon-string",
  drum: "punchy-kick",
  percussion: "conga-hand",
  ambient: "morning-air",
  texture: "granular-shimmer",
  effect: "white-riser",
} as const;

function framesOf(seconds: number, { sampleRate }: { readonly sampleRate: number }): number {
  return Math.max(1, Math.round(seconds * sampleRate));
}

interface Draft {
  readonly request: FullGenerateRequest | FullPresetRequest;
  readonly preset: NormalPreset;
  readonly policy: RolePolicy;
  readonly matches: readonly PresetMatch[];
  readonly changes: readonly Change[];
  readonly notes: readonly string[];
  readonly play: () => Iterable<PhraseNote>;
  readonly frames: number;
  readonly isCorrected: boolean;
}

async function finish(kind: Decided["kind"], draft: Draft, engine: SynthEngine): Promise<Decided> {
  const { request, policy, frames, play } = draft;
  const { sampleRate, channels, seed, maxCpu, maxLatencyMs } = request;
  const { lookaheadS, latencyMs } = latencyPlan(maxLatencyMs, sampleRate);
  const together = mostTogether(play(), 256);
  const changes = [...draft.changes];

  // As little is left out as the budget allows.
  let preset = draft.preset;
  let qualityStep = 0;
  let built: BuiltGraph;
  let graph: CompiledGraph;
  let estimatedCpu: number;
  for (;;) {
    const stepped = stepDown(draft.preset, qualityStep);
    preset = stepped.preset;
    built = presetGraph(preset, sampleRate);
    graph = await engine.graphs.compile(built.graph);
    const polyphony = Math.min(together, preset.values["voices.polyphony"]?.value ?? 1);
    estimatedCpu = estimateCpu(graph.plan, sampleRate, Math.max(1, polyphony));
    if (estimatedCpu <= maxCpu || qualityStep === QUALITY_STEPS) {
      changes.push(...stepped.changes);
      break;
    }
    qualityStep += 1;
  }
  const notes = [...draft.notes];
  if (estimatedCpu > maxCpu) {
    notes.push(`it takes about ${estimatedCpu} of a processor, more than maxCpu, even at its cheapest`);
  }

  if (latencyMs > maxLatencyMs) {
    notes.push(`in real time it is ${latencyMs} ms late, more than maxLatencyMs: no block is shorter than 64 frames`);
  }

  let score: Score = { plan: graph.plan, notes: play, frames, sampleRate, channels, seed, lookaheadS };
  let correction = NO_CORRECTION;
  if (draft.isCorrected) {
    const key = await contentHash([graph.hash, request, policy.role]);
    correction = await engine.corrections.get(key, () => correctionOf(score, { preset, policy, engine }));
    if (correction.cutoffFactor !== 1) {
      const corrected = applyChanges(preset, [correctedCutoff(preset, correction)]);
      preset = corrected.preset;
      changes.push(...corrected.changes);
      built = presetGraph(preset, sampleRate);
      graph = await engine.graphs.compile(built.graph);
    }
    if (correction.gainDb !== 0) {
      const why = correction.why[0] as string;
      changes.push({ param: "gain", from: 0, to: correction.gainDb, unit: "dB", by: "quality", why });
    }
    score = { ...score, plan: graph.plan, gain: gainOfDb(correction.gainDb) };
  }
  changes.push(...built.notes.map((note): Change => ({ ...note, unit: "Hz", by: "sample-rate" })));
  notes.push(...built.unused.map((id) => `"${id}" has nothing to move in this preset, and is not heard`));

  return {
    kind,
    score,
    graph,
    preset,
    policy,
    decision: {
      presetId: preset.id,
      presetName: preset.name,
      role: policy.role,
      matches: draft.matches,
      changes,
      notes,
      budget: { estimatedCpu, latencyMs, qualityStep },
    },
    trace: {
      engine: engine.version,
      kind,
      request,
      presetId: preset.id,
      policy: policy.role,
      graphHash: graph.hash,
      seed,
      correction,
    },
  };
}
