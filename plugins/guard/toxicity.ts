/**
 * Insults, obscenities and threats.
 *
 * @module
 */

import { englishDataset, englishRecommendedTransformers, RegExpMatcher } from "obscenity";
import type { Finding } from "./finding.ts";

const built = englishDataset.build();
const matcher = new RegExpMatcher({
  ...built,
  ...englishRecommendedTransformers,
  // Names and words that hold one of the words, and mean no harm: in lower case, as the text is when it is compared.
  whitelistedTerms: [...built.whitelistedTerms ?? [], "dick van dyke", "scunthorpe", "moby dick", "cockpit"],
});

const THREATS: readonly RegExp[] = [
  /\bkill\s+(?:yourself|urself)\b/gi,
  /\bi(?:'m\s+going\s+to|\s+am\s+going\s+to|'ll|\s+will)\s+(?:kill|hurt|murder|beat)\s+you\b/gi,
];

/** Finds words of the English list, also disguised (`sh1t`), and threats. */
export function findToxicity(text: string): Finding[] {
  const words: Finding[] = [];
  for (const { startIndex: start, endIndex } of matcher.getAllMatches(text, true)) {
    // Several patterns of the list may fit one word.
    if (start < (words.at(-1)?.end ?? 0)) continue;
    words.push({ check: "toxicity", kind: "profanity", start, end: endIndex + 1, severity: 0.6 });
  }
  const threats = THREATS.flatMap((pattern) =>
    Array.from(text.matchAll(pattern), ({ index, 0: match }): Finding => {
      return { check: "toxicity", kind: "threat", start: index, end: index + match.length, severity: 0.9 };
    })
  );
  return [...words, ...threats];
}
