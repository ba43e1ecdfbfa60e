import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { countWordErrors, sumWordErrors, toWords, wordErrorRate } from "../../scripts/lib/word_errors.ts";

describe("word errors", () => {
  const counts = (said: string, understood: string) => {
    const { substitutions, deletions, insertions } = countWordErrors(said, understood);
    return [substitutions, deletions, insertions];
  };

  it("are those of the shortest way from one text to the other", () => {
    assert.deepEqual(counts("Turn off the light.", "turn off the light"), [0, 0, 0]);
    assert.deepEqual(counts("turn off the light", "turn of the light"), [1, 0, 0]);
    assert.deepEqual(counts("turn off the light", "turn the light"), [0, 1, 0]);
    assert.deepEqual(counts("turn off the light", "please turn off the the light"), [0, 0, 2]);
    assert.deepEqual(counts("a b c d", "b c x d"), [0, 1, 1]);
    assert.deepEqual(counts("a b", ""), [0, 2, 0]);
    assert.deepEqual(counts("", "a"), [0, 0, 1]);
  });

  it("ignore case and punctuation, but for apostrophes within words", () => {
    assert.deepEqual(toWords("Don’t say “O'Neill's”, 'Ülo'!"), ["don't", "say", "o'neill's", "ülo"]);
  });

  it("give a rate of the words that were said", () => {
    assert.equal(wordErrorRate(countWordErrors("one two three four", "one too three four five")), 0.5);
    assert.equal(wordErrorRate(countWordErrors("one", "two three")), 2);
    assert.equal(wordErrorRate(countWordErrors("", "")), 0);
    const all = sumWordErrors([countWordErrors("one two", "one"), countWordErrors("three four", "three five six")]);
    assert.deepEqual(all, { words: 4, substitutions: 1, deletions: 1, insertions: 1 });
    assert.equal(wordErrorRate(all), 0.75);
  });
});
