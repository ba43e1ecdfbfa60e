/**
 * Personal data: addresses, numbers of phones, cards and accounts.
 *
 * @module
 */

import type { Finding } from "./finding.ts";

interface Recogniser {
  readonly kind: string;
  readonly pattern: RegExp;
  readonly severity: number;
  /** What a pattern alone cannot tell. */
  readonly isValid?: (match: string) => boolean;
}

// Every repetition is bounded, so that no text takes more than linear time.
const RECOGNISERS: readonly Recogniser[] = [
  {
    kind: "email",
    pattern: /(?<![\w.%+-])[\w.%+-]{1,64}@(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24}(?![\w-])/gi,
    severity: 0.5,
  },
  {
    kind: "iban",
    pattern: /(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?!\w)/g,
    severity: 0.8,
    isValid: isIban,
  },
  { kind: "card", pattern: /(?<![\d-])\d(?:[ -]?\d){12,18}(?![\d-])/g, severity: 0.9, isValid: isCardNumber },
  {
    kind: "ssn",
    pattern: /(?<![\d-])(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\d-])/g,
    severity: 0.9,
  },
  {
    kind: "ip",
    pattern: /(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\d.]*\d)/g,
    severity: 0.3,
  },
  {
    kind: "phone",
    pattern: /(?<![\w.])(?:\+\d{1,3}[ .-]?)?(?:\(\d{2,5}\)[ .-]?)?\d{2,5}(?:[ .-]\d{2,8}){1,4}(?![\w-])/g,
    severity: 0.5,
    isValid: isPhoneNumber,
  },
];

/** Finds personal data. A place that is two kinds at once counts as the first of them. */
export function findPii(text: string): Finding[] {
  const findings: Finding[] = [];
  for (const { kind, pattern, severity, isValid } of RECOGNISERS) {
    for (const match of text.matchAll(pattern)) {
      const [start, end] = [match.index, match.index + match[0].length];
      if (findings.some((other) => start < other.end && other.start < end)) continue;
      if (isValid === undefined || isValid(match[0])) findings.push({ check: "pii", kind, start, end, severity });
    }
  }
  return findings;
}

/** The check digit of Luhn, as ISO/IEC 7812-1 has it. */
export function isCardNumber(text: string): boolean {
  const digits = text.replace(/\D/g, "");
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]);
    const doubled = i % 2 === 1 ? 2 * digit : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0 && !/^0+$/.test(digits);
}

/** The check digits of ISO 13616: the number, its first four characters moved to the end, is 1 modulo 97. */
export function isIban(text: string): boolean {
  const compact = text.replaceAll(" ", "");
  if (compact.length < 15 || compact.length > 34) return false;
  let rest = 0;
  for (const char of compact.slice(4) + compact.slice(0, 4)) {
    for (const digit of String(Number.parseInt(char, 36))) rest = (rest * 10 + Number(digit)) % 97;
  }
  return rest === 1;
}

/** Dates, and what has too few or too many digits (ITU-T E.164 allows 15), are no numbers of phones. */
function isPhoneNumber(text: string): boolean {
  const digits = text.replace(/\D/g, "").length;
  if (digits < 8 || digits > 15) return false;
  return !/^\d{4}[.-]\d{2}[.-]\d{2}$|^\d{2}[.-]\d{2}[.-]\d{4}$/.test(text);
}
