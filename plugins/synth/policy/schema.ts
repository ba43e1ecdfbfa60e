/**
 * Role policies as documents: what a sound in a role has to be like, and what
 * it plays when it is asked for by a prompt.
 *
 * @module
 */

import * as v from "valibot";
import { ROLES } from "../preset/roles.ts";
import { SCALE_NAMES } from "./music.ts";

const quantity = v.union([v.number(), v.pipe(v.string(), v.maxLength(64))]);
const text = (about: string) => v.pipe(v.string(), v.minLength(1), v.maxLength(300), v.description(about));
const pair = (about: string) => v.pipe(v.strictTuple([v.number(), v.number()]), v.description(about));
const note = v.pipe(v.string(), v.regex(/^[A-G][#b]?-?\d$/), v.description('A note, such as "C3".'));

const RuleSchema = v.strictObject({
  param: text('Path of a parameter, such as "filter.cutoffHz"; * stands for every number of a list.'),
  strength: v.pipe(
    v.picklist(["hard", "soft"]),
    v.description("Hard: the range is kept. Soft: the value is moved towards it by its weight."),
  ),
  weight: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1), v.description("Of a soft rule. Default: 0.5."))),
  min: v.optional(v.pipe(quantity, v.description("Least value; a quantity, as in presets."))),
  max: v.optional(v.pipe(quantity, v.description("Greatest value; a quantity, as in presets."))),
  factor: v.optional(v.pipe(v.number(), v.minValue(0.01), v.maxValue(100), v.description("Scales the value first."))),
  nearest: v.optional(
    v.pipe(
      v.array(quantity),
      v.minLength(1),
      v.maxLength(16),
      v.description("The value goes to the nearest of these."),
    ),
  ),
  tune: v.optional(v.pipe(v.literal("scale"), v.description("A frequency goes to the nearest note of the scale."))),
  when: v.optional(v.strictObject({
    tempoAbove: v.optional(v.number()),
    tempoBelow: v.optional(v.number()),
    scales: v.optional(v.array(v.picklist(SCALE_NAMES))),
  })),
  why: text("The reason, which becomes part of the decision."),
});

/** The schema of a role policy. */
export const RolePolicySchema = v.strictObject({
  $schema: v.optional(v.string()),
  role: v.picklist(ROLES),
  summary: text("What the role is."),
  targets: v.strictObject({
    loudnessLufs: v.pipe(v.number(), v.minValue(-50), v.maxValue(-6), v.description("Integrated loudness.")),
    crestDb: pair("Crest factor, from and to, in decibels."),
    centroidHz: pair("Spectral centroid, from and to, in hertz."),
    maxSilence: v.pipe(v.number(), v.minValue(0), v.maxValue(1), v.description("Most of it that may be silent.")),
  }),
  rules: v.pipe(v.array(RuleSchema), v.maxLength(64)),
  phrase: v.strictObject({
    bars: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(16)),
    root: v.pipe(note, v.description("The tonic is the first one at or above this note.")),
    range: v.strictObject({ low: note, high: note }),
    notes: v.pipe(
      v.array(v.strictObject({
        beat: v.pipe(v.number(), v.minValue(0), v.maxValue(64), v.description("When, in beats from the start.")),
        beats: v.pipe(v.number(), v.minValue(0.05), v.maxValue(64), v.description("How long.")),
        degrees: v.pipe(
          v.array(v.pipe(v.number(), v.integer(), v.minValue(-14), v.maxValue(29))),
          v.minLength(1),
          v.maxLength(8),
          v.description("Degrees of the scale that sound together; 1 is the tonic."),
        ),
        velocity: v.pipe(v.number(), v.minValue(0.05), v.maxValue(1)),
      })),
      v.minLength(1),
      v.maxLength(128),
    ),
  }),
});

/** What a sound in a role has to be like. */
export type RolePolicy = v.InferOutput<typeof RolePolicySchema>;
/** One rule of a policy. */
export type PolicyRule = RolePolicy["rules"][number];
