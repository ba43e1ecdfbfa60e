/**
 * The requests that the nodes of this plugin take.
 *
 * @module
 */

import * as v from "valibot";
import { parseNoteName } from "../preset/quantity.ts";
import { ROLES } from "../preset/roles.ts";
import { KEY_NAMES, SCALE_NAMES } from "../policy/music.ts";
import type { FullGenerateRequest, FullGraphCommand, FullPresetRequest, FullQueryRequest } from "./request_types.ts";

/** Longest prompt that is read; what is longer is cut there, and the decision says so. */
export const MAX_PROMPT_CHARS = 2000;
/** Longest prompt that is taken at all. */
const PROMPT_LIMIT_CHARS = 1_000_000;
/** Longest performance, in seconds: a day. */
export const MAX_DURATION_S = 86_400;

const number = (min: number, max: number, about: string) =>
  v.pipe(v.number(), v.minValue(min), v.maxValue(max), v.description(about));

const tempo = v.optional(number(20, 400, "Quarter notes per minute, 20 to 400. Default: 120."), 120);
const key = v.optional(v.pipe(v.picklist(KEY_NAMES), v.description('Tonic. Default: "C".')), () => "C" as const);
const scale = v.optional(
  v.pipe(v.picklist(SCALE_NAMES), v.description('Scale. Default: "major".')),
  () => "major" as const,
);
const sampleRate = v.optional(number(8000, 192_000, "In hertz, 8000 to 192 000. Default: 44 100."), 44_100);
const channels = v.optional(v.pipe(v.picklist([1, 2]), v.description("Mono or stereo. Default: 2.")), 2);
const seed = v.optional(
  v.pipe(number(0, 4_294_967_295, "The same seed gives the same samples. Default: 1."), v.integer()),
  1,
);
const maxCpu = v.optional(
  number(0.001, 1, "Most of one processor that it may take in real time, 0.001 to 1. Default: 0.8."),
  0.8,
);
const maxLatencyMs = v.optional(
  number(3, 1000, "Most time from an event to its sound, in milliseconds, 3 to 1000. Default: 10."),
  10,
);
const blockFrames = v.optional(
  v.pipe(number(64, 100_000_000, "Frames in a block of the answer. Default: 16 384."), v.integer()),
  16_384,
);
const duration = number(0.01, MAX_DURATION_S, "Length in seconds, 0.01 to 86 400.");

const common = { tempo, key, scale, sampleRate, channels, seed, maxCpu, maxLatencyMs, blockFrames };

/** The schema of a request by prompt. */
export const GenerateRequestSchema: v.GenericSchema<unknown, FullGenerateRequest> = v.strictObject({
  prompt: v.pipe(
    v.string(),
    v.maxLength(PROMPT_LIMIT_CHARS),
    v.description("What it should sound like. May be empty if there is a role or a preset."),
  ),
  role: v.optional(v.pipe(v.picklist(ROLES), v.description("What it is for. Default: that of the best preset."))),
  presetId: v.optional(v.pipe(v.string(), v.maxLength(64), v.description("Takes this preset, whatever the prompt."))),
  durationS: v.optional(duration),
  ...common,
}) as never;

const noteSchema = v.strictObject({
  note: v.union([
    number(0, 127, "MIDI number."),
    v.pipe(v.string(), v.check((text) => parseNoteName(text) !== undefined, 'Expected a note, such as "A4"')),
  ]),
  startS: v.optional(number(0, MAX_DURATION_S, "When it begins, in seconds. Default: 0."), 0),
  durationS: v.optional(number(0.001, MAX_DURATION_S, "How long it is held. Default: 1."), 1),
  velocity: v.optional(number(0.01, 1, "How hard it is struck, 0.01 to 1. Default: 0.8."), 0.8),
});

/** The schema of a request by preset. */
export const PresetRequestSchema: v.GenericSchema<unknown, FullPresetRequest> = v.strictObject({
  preset: v.pipe(v.any(), v.description("A preset, or the id of one of ours.")),
  durationS: v.optional(duration, 2),
  notes: v.optional(v.pipe(v.array(noteSchema), v.maxLength(10_000))),
  play: v.optional(v.pipe(v.picklist(["note", "phrase"]), v.description("What is played where no notes are given."))),
  ...common,
}) as never;

/** The schema of what is asked of the library of presets and of the engine. */
export const QueryRequestSchema: v.GenericSchema<unknown, FullQueryRequest> = v.variant("query", [
  v.strictObject({ query: v.literal("status") }),
  v.strictObject({ query: v.literal("list"), role: v.optional(v.picklist(ROLES)) }),
  v.strictObject({ query: v.literal("load"), presetId: v.pipe(v.string(), v.maxLength(64)) }),
  v.strictObject({ query: v.literal("check"), preset: v.any(), tempo }),
  v.strictObject({ query: v.literal("warm"), graphs: v.pipe(v.array(v.any()), v.maxLength(64)) }),
  v.strictObject({
    query: v.literal("search"),
    prompt: v.pipe(v.string(), v.maxLength(PROMPT_LIMIT_CHARS)),
    role: v.optional(v.picklist(ROLES)),
    limit: v.optional(v.pipe(number(1, 1000, "Most results. Default: 10."), v.integer()), 10),
  }),
]) as never;

/** What `synth.graph` plays: a graph, a preset, or the id of one of ours. */
export const GraphSoundSchema: v.GenericSchema = v.pipe(
  v.any(),
  v.description("A DSP graph, a preset, or the id of one of ours."),
);

const frame = v.optional(
  v.pipe(number(0, Number.MAX_SAFE_INTEGER, "At which frame; one that has passed is now. Default: now."), v.integer()),
);
const noteNumber = v.pipe(number(0, 127, "MIDI number."), v.integer());

/** The schema of a command to `synth.graph`. */
export const GraphCommandSchema: v.GenericSchema<unknown, FullGraphCommand> = v.variant("op", [
  v.strictObject({
    op: v.literal("note-on"),
    note: noteNumber,
    velocity: v.optional(number(0.01, 1, "Default: 0.8."), 0.8),
    frame,
  }),
  v.strictObject({ op: v.literal("note-off"), note: noteNumber, frame }),
  v.strictObject({
    op: v.literal("set"),
    node: v.pipe(v.string(), v.description("Id of a node of the graph.")),
    param: v.pipe(v.string(), v.description("One of its numbers.")),
    value: v.number(),
    frame,
  }),
  v.strictObject({
    op: v.literal("render"),
    blocks: v.optional(v.pipe(number(1, 10_000_000, "How many blocks. Default: 1."), v.integer()), 1),
  }),
  v.strictObject({ op: v.literal("status") }),
]) as never;
