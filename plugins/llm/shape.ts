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
  readonly text: string;
  /** What is known of this fragment only. */
  readonly metadata?: Metadata | undefined;
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

/** Gives fragments as partial results, and returns the final one. */
export async function* shape(
  fragments: AsyncIterable<Fragment>,
  tally: Tally,
  { output, batchTokens, batchMs, clock }: ShapeOptions,
): AsyncGenerator<RunnerOutput, RunnerOutput, void> {
  const give = (text: string, metadata: Metadata = {}): RunnerOutput => ({
    outputs: { text },
    metadata: { ...tally.metadata(), ...metadata },
    progress: tally.progress?.(),
  });
  const splitter = output === "sentences" ? new SentenceSplitter({ maxChars: SENTENCE_MAX_CHARS }) : undefined;
  let text = "";
  let sentenceIndex = 0;
  for await (const gathered of inBatches(fragments, { maxItems: batchTokens, maxWaitMs: batchMs, clock })) {
    const added = gathered.map((fragment) => fragment.text).join("");
    const metadata = gathered.at(-1)?.metadata;
    if (splitter !== undefined) {
      for (const sentence of splitter.push(added)) {
        yield give(sentence.text, { ...metadata, sentenceIndex: sentenceIndex++ });
      }
      continue;
    }
    if (output === "accumulated") text += added;
    yield give(output === "accumulated" ? text : added, metadata);
  }
  if (splitter === undefined) return give(text);
  const rest = [...splitter.flush()];
  for (const sentence of rest.slice(0, -1)) yield give(sentence.text, { sentenceIndex: sentenceIndex++ });
  const last = rest.at(-1);
  const total = { sentences: sentenceIndex + (last === undefined ? 0 : 1) };
  return last === undefined ? give("", total) : give(last.text, { sentenceIndex, ...total });
}

async function* inBatches(
  fragments: AsyncIterable<Fragment>,
  options: { readonly maxItems: number; readonly maxWaitMs: number; readonly clock: Clock },
): AsyncGenerator<Fragment[], void, void> {
  if (options.maxItems > 1) return yield* batch(fragments, options);
  for await (const fragment of fragments) yield [fragment];
}
