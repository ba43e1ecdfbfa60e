/**
 * The checks of a text, and what follows from their findings.
 *
 * @module
 */

import * as v from "valibot";
import { type CheckName, CHECKS, type Finding, mask, riskScore, type Strictness, THRESHOLDS } from "./finding.ts";
import { findInjection } from "./injection.ts";
import { findPii } from "./pii.ts";
import { findToxicity } from "./toxicity.ts";

/** Parameters of all guards. */
export const guardParams = {
  checks: v.optional(
    v.pipe(v.array(v.picklist(CHECKS)), v.minLength(1), v.description("What is looked for. Default: everything.")),
    [...CHECKS],
  ),
  strictness: v.optional(
    v.pipe(
      v.picklist(["low", "medium", "high"]),
      v.description("How little risk makes a text unsafe: 0.8 (low), 0.5 (medium), 0.2 (high)."),
    ),
    "medium",
  ),
  strategy: v.optional(
    v.pipe(
      v.picklist(["block", "warn", "filter"]),
      v.description(
        'What happens to an unsafe text: nothing of it goes on ("block"), it goes on with a warning ("warn"), or ' +
          'without what was found ("filter").',
      ),
    ),
    "block",
  ),
  maxChars: v.optional(
    v.pipe(
      v.number(),
      v.integer(),
      v.minValue(1),
      v.maxValue(10_000_000),
      v.description("Longest text in UTF-16 code units, 1 to 10000000."),
    ),
    100_000,
  ),
};

/** What `guardParams` give. */
export interface GuardOptions {
  readonly checks: readonly CheckName[];
  readonly strictness: Strictness;
  readonly strategy: "block" | "warn" | "filter";
  readonly maxChars: number;
}

/** What becomes of a text. */
export type Status = "safe" | "blocked" | "warned" | "filtered";

/** What was found in a text, and what follows. */
export interface Verdict {
  readonly status: Status;
  readonly riskScore: number;
  readonly findings: readonly Finding[];
  /** What goes on: the text, the text without what was found, or nothing. */
  readonly text: string;
}

/** Runs one check. */
export function runCheck(check: CheckName, text: string, options: GuardOptions): Finding[] {
  const { maxChars, checks, strategy } = options;
  // Of a text that is too long the rest is dropped, unless it goes on with a warning: it need not be judged.
  const judged = checks.includes("length") && strategy !== "warn" ? text.slice(0, maxChars) : text;
  switch (check) {
    case "length":
      if (text.length <= maxChars) return [];
      return [{ check, kind: "too-long", start: maxChars, end: text.length, severity: 0.8 }];
    case "injection":
      return findInjection(judged);
    case "pii":
      return findPii(judged);
    case "toxicity":
      return findToxicity(judged);
  }
}

/** What follows from findings. */
export function decide(text: string, findings: readonly Finding[], options: GuardOptions): Verdict {
  const risk = riskScore(findings);
  const verdict = { riskScore: risk, findings };
  if (risk < THRESHOLDS[options.strictness]) return { ...verdict, status: "safe", text };
  switch (options.strategy) {
    case "block":
      return { ...verdict, status: "blocked", text: "" };
    case "warn":
      return { ...verdict, status: "warned", text };
    case "filter":
      return { ...verdict, status: "filtered", text: mask(text, findings) };
  }
}

/** Judges a text by all checks. */
export function judge(text: string, options: GuardOptions): Verdict {
  return decide(text, options.checks.flatMap((check) => runCheck(check, text, options)), options);
}
