/**
 * Attempts to make a model forget what it was told.
 *
 * @module
 */

import type { Finding } from "./finding.ts";

const GAP = String.raw`\s+(?:\S+\s+){0,3}?`;
const PATTERNS: readonly (readonly [kind: string, pattern: RegExp, severity: number])[] = [
  [
    "override",
    new RegExp(
      String.raw`\b(?:ignore|disregard|forget|override)${GAP}` +
        String.raw`(?:instructions?|prompts?|rules|directions|guidelines)\b`,
      "gi",
    ),
    0.8,
  ],
  [
    "override",
    /\b(?:ignore|disregard|forget)\s+(?:everything|all)\s+(?:above|before|previously|you\s+were\s+told)\b/gi,
    0.8,
  ],
  [
    "prompt-leak",
    new RegExp(
      String.raw`\b(?:reveal|show|print|repeat|output|tell\s+me)\s+(?:me\s+)?(?:your|the)\s+` +
        String.raw`(?:system\s+|initial\s+|hidden\s+)(?:prompt|instructions?|message)\b`,
      "gi",
    ),
    0.7,
  ],
  ["role-play", /\byou\s+are\s+now\s+(?:in\s+)?(?:dan|developer\s+mode|jailbroken|unrestricted)\b/gi, 0.8],
  [
    "role-play",
    /\b(?:pretend|act\s+as\s+if)\s+(?:that\s+)?you\s+have\s+no\s+(?:rules|restrictions|filters?|limits)\b/gi,
    0.7,
  ],
  ["markup", /<\|(?:im_start|im_end|system|endoftext)\|>|\[\/?INST\]|<<\/?SYS>>/g, 0.7],
];

/** Finds what is known of such attempts, in English. */
export function findInjection(text: string): Finding[] {
  return PATTERNS.flatMap(([kind, pattern, severity]) =>
    Array.from(text.matchAll(pattern), ({ index, 0: match }): Finding => {
      return { check: "injection", kind, start: index, end: index + match.length, severity };
    })
  );
}
