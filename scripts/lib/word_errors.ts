/**
 * The word error rate: by how many words what was understood differs from what
 * was said.
 *
 * It is the least number of words that have to be replaced, left out or put
 * in, divided by the words that were said: the edit distance of Levenshtein,
 * over words.
 *
 * @module
 */

/** How a text differs from what was said. */
export interface WordErrors {
  /** How many words were said. */
  readonly words: number;
  /** Words that were taken for others. */
  readonly substitutions: number;
  /** Words that were missed. */
  readonly deletions: number;
  /** Words that nobody has said. */
  readonly insertions: number;
}

/** Words without case and punctuation; an apostrophe within a word counts. */
export function toWords(text: string): string[] {
  return text.toLowerCase().replaceAll("’", "'").match(/[\p{L}\p{N}]+(?:'[\p{L}\p{N}]+)*/gu) ?? [];
}

/** Compares two texts, word by word. */
export function countWordErrors(said: string, understood: string): WordErrors {
  const [from, to] = [toWords(said), toWords(understood)];
  const none = { words: from.length, substitutions: 0, deletions: 0, insertions: 0 };
  // The best way from the words said so far to each beginning of what was understood.
  let row: WordErrors[] = [none];
  for (let j = 1; j <= to.length; j++) row.push({ ...none, insertions: j });
  for (let i = 1; i <= from.length; i++) {
    const next: WordErrors[] = [{ ...none, deletions: i }];
    for (let j = 1; j <= to.length; j++) {
      const [diagonal, above, left] = [row[j - 1], row[j], next[j - 1]] as [WordErrors, WordErrors, WordErrors];
      const isSame = from[i - 1] === to[j - 1];
      next.push(best([
        isSame ? diagonal : { ...diagonal, substitutions: diagonal.substitutions + 1 },
        { ...above, deletions: above.deletions + 1 },
        { ...left, insertions: left.insertions + 1 },
      ]));
    }
    row = next;
  }
  return row[to.length] as WordErrors;
}

/** All of them together. */
export function sumWordErrors(all: readonly WordErrors[]): WordErrors {
  const sum = (key: keyof WordErrors) => all.reduce((total, errors) => total + errors[key], 0);
  return {
    words: sum("words"),
    substitutions: sum("substitutions"),
    deletions: sum("deletions"),
    insertions: sum("insertions"),
  };
}

/** Errors for each word said; more than 1 if more was understood than said. 0 where nothing was said nor understood. */
export function wordErrorRate(errors: WordErrors): number {
  const count = countOf(errors);
  return count === 0 ? 0 : count / errors.words;
}

function countOf({ substitutions, deletions, insertions }: WordErrors): number {
  return substitutions + deletions + insertions;
}

function best(ways: readonly WordErrors[]): WordErrors {
  return ways.reduce((best, way) => countOf(way) < countOf(best) ? way : best);
}
