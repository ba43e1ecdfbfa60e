/**
 * What a check finds in a text.
 *
 * @module
 */

/** The checks, in the order in which they run: cheap ones first. */
export const CHECKS = ["length", "injection", "pii", "toxicity"] as const;

/** One of the checks. */
export type CheckName = typeof CHECKS[number];

/** One place in a text that is not as it should be. */
export interface Finding {
  readonly check: CheckName;
  /** What it is, such as `"email"`. */
  readonly kind: string;
  /** Where it begins, in UTF-16 code units. */
  readonly start: number;
  /** Where it ends. */
  readonly end: number;
  /** How bad it is, 0 to 1. */
  readonly severity: number;
}

/** How bad findings are together, 0 to 1: as if each were a chance of harm by itself. */
export function riskScore(findings: readonly Finding[]): number {
  const harmless = findings.reduce((chance, { severity }) => chance * (1 - severity), 1);
  return Math.round((1 - harmless) * 1000) / 1000;
}

/** Risk from which a text counts as unsafe. */
export const THRESHOLDS = { low: 0.8, medium: 0.5, high: 0.2 } as const;

/** How much is let pass: `"high"` the least. */
export type Strictness = keyof typeof THRESHOLDS;

/** The text with every finding replaced: `[email]`, say. What is too long is cut off. */
export function mask(text: string, findings: readonly Finding[]): string {
  const ordered = [...findings].sort((a, b) => a.start - b.start || b.end - a.end);
  let masked = "";
  let at = 0;
  for (const { start, end, kind, check } of ordered) {
    if (start > at) masked += text.slice(at, start);
    // Of findings that overlap, the first one gives its name.
    if (start >= at && check !== "length") masked += `[${kind}]`;
    at = Math.max(at, end);
  }
  return masked + text.slice(at);
}
