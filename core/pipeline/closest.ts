/**
 * "Did you mean …?"
 *
 * @module
 */

/**
 * The candidate that a misspelt word most likely meant: the one with the
 * smallest edit distance (Levenshtein), if at most a third of the word
 * differs; letter case counts as half a difference, and as none where nothing
 * else differs.
 */
export function closest(word: string, candidates: readonly string[]): string | undefined {
  const lowered = word.toLowerCase();
  const inOtherCase = candidates.find((candidate) => candidate.toLowerCase() === lowered);
  if (inOtherCase !== undefined) return inOtherCase;
  let best: string | undefined;
  let bestDistance = word.length / 3;
  // A long word costs quadratic time, and nobody misspells one that long.
  if (word.length > 64) return undefined;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) > bestDistance) continue;
    const distance = editDistance(word, candidate);
    if (distance <= bestDistance && (best === undefined || distance < bestDistance)) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = a[i - 1] === b[j - 1] ? 0 : a[i - 1]?.toLowerCase() === b[j - 1]?.toLowerCase() ? 0.5 : 1;
      next.push(Math.min(
        (row[j] as number) + 1,
        (next[j - 1] as number) + 1,
        (row[j - 1] as number) + substitution,
      ));
    }
    row = next;
  }
  return row[b.length] as number;
}
