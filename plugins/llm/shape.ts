/**
 * The shape in which the text of a model leaves a runner.
 *
 * @module
 */

import type { Metadata, Progress } from "../../core/plugin.ts";
import { batch, type Clock, type RunnerOutput } from "../../runners/mod.ts";
import { SentenceSplitter } from "../text/splitter.ts";

/** One or more tokens of text. */
export interface Fragment {
  /** May be empty: a token can be part of a character. */
  readonly text: string;
  /** How likely the model held it to be, 0 to 1. */
  readonly confidence?: number | undefined;
}

/** How text is shaped: the parameters of a runner. */
export interface ShapeOptions {
  readonly output: "delta" | "accumulated" | "sentences";
  readonly batchTokens: number;
  readonly batchMs: number;
  readonly clock: Clock;
}

/** What is known of the answer as a whole, asked again with each result. */
export interface Tally {
  metadata(): Metadata;
  progress?(): Progress | undefined;
}

const SENTENCE_MAX_CHARS = 1000;

/**
 * Gives fragments as partial results, and returns the final one. Where it is
 * known, each result has the metadata `confidence`: of a partial one, the mean
 * of the fragments since the one before; of the final one, that of all.
 */
export async function* shape(
  fragments: AsyncIterable<Fragment>,
  tally: Tally,
  { output, batchTokens, batchMs, clock }: ShapeOptions,
): AsyncGenerator<RunnerOutput, RunnerOutput, void> {
  const [all, latest] = [new Mean(), new Mean()];
  const give = (text: string, metadata: Metadata = {}, mean = latest): RunnerOutput => {
    const confidence = mean.take();
    const known: Metadata = confidence === undefined ? {} : { confidence };
    return {
      outputs: { text },
      metadata: { ...tally.metadata(), ...known, ...metadata },
      progress: tally.progress?.(),
    };
  };
  const splitter = output === "sentences" ? new SentenceSplitter({ maxChars: SENTENCE_MAX_CHARS }) : undefined;
  let text = "";
  let sentenceIndex = 0;
  for await (const gathered of inBatches(fragments, { maxItems: batchTokens, maxWaitMs: batchMs, clock })) {
    for (const { confidence } of gathered) {
      all.add(confidence);
      latest.add(confidence);
    }
    const added = gathered.map((fragment) => fragment.text).join("");
    if (added === "") continue;
    if (splitter !== undefined) {
      for (const sentence of splitter.push(added)) yield give(sentence.text, { sentenceIndex: sentenceIndex++ });
      continue;
    }
    if (output === "accumulated") text += added;
    yield give(output === "accumulated" ? text : added);
  }
  if (splitter === undefined) return give(text, {}, all);
  const rest = [...splitter.flush()];
  for (const sentence of rest.slice(0, -1)) yield give(sentence.text, { sentenceIndex: sentenceIndex++ });
  const last = rest.at(-1);
  const total = { sentences: sentenceIndex + (last === undefined ? 0 : 1) };
  return last === undefined ? give("", total, all) : give(last.text, { sentenceIndex, ...total }, all);
}

/** The mean of what was added since it was last taken. */
class Mean {
  #sum = 0;
  #count = 0;

  add(value: number | undefined): void {
    if (value === undefined) return;
    this.#sum += value;
    this.#count += 1;
  }

  /** `undefined` if nothing was added. */
  take(): number | undefined {
    if (this.#count === 0) return undefined;
    const mean = Math.round(1000 * this.#sum / this.#count) / 1000;
    [this.#sum, this.#count] = [0, 0];
    return mean;
  }
}

async function* inBatches(
  fragments: AsyncIterable<Fragment>,
  options: { readonly maxItems: number; readonly maxWaitMs: number; readonly clock: Clock },
): AsyncGenerator<Fragment[], void, void> {
  if (options.maxItems > 1) return yield* batch(fragments, options);
  for await (const fragment of fragments) yield [fragment];
}
