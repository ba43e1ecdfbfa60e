/**
 * `text.sentences`: collects fragments of text, gives sentences.
 *
 * @module
 */

import * as v from "valibot";
import { type DataCommon, defineNode, type Plugin, RuntimeData, type TextData } from "../../core/plugin.ts";
import { type Sentence, SentenceSplitter } from "./splitter.ts";

const ABBREVIATIONS_MAX = 1000;

/** Parameters of `text.sentences`. */
const params = v.object({
  maxChars: v.optional(
    v.pipe(
      v.number(),
      v.integer(),
      v.minValue(20),
      v.maxValue(100_000),
      v.description("Longest sentence in UTF-16 code units, 20 to 100000. A longer one is given in parts."),
    ),
    1000,
  ),
  lineBreak: v.optional(
    v.pipe(
      v.picklist(["ends", "wraps"]),
      v.description('Whether every line break ends a sentence ("ends"), or only an empty line does ("wraps").'),
    ),
    "ends",
  ),
  wholeText: v.optional(
    v.pipe(
      v.picklist(["ends", "continues"]),
      v.description(
        'Whether a text that is not partial ends its last sentence ("ends"), as that of an answer does, or the next text ' +
          'may go on with it ("continues"). After partial ones it always ends.',
      ),
    ),
    "continues",
  ),
  abbreviations: v.optional(
    v.pipe(
      v.array(v.pipe(v.string(), v.minLength(1), v.maxLength(40))),
      v.maxLength(ABBREVIATIONS_MAX),
      v.description(
        `Further abbreviations after which a sentence goes on, such as "resp.", with or without the last stop. At most ` +
          `${ABBREVIATIONS_MAX} of 1 to 40 characters each.`,
      ),
    ),
    [],
  ),
});

/**
 * Collects text that comes in fragments of any size, such as the tokens of a
 * language model, and gives each sentence as soon as it is complete. How the
 * text was cut changes nothing.
 *
 * A sentence is complete with the space after its stop; where that may be an
 * abbreviation, an ellipsis, or direct speech, with what follows; after stops
 * of Chinese or Japanese, with the next character. The rest comes at the end.
 *
 * Fragments that are marked as partial, as those of a language model are, make
 * one text together with the first one that is not: its end is the end of a
 * sentence. With `wholeText: "ends"`, so is the end of every text that is not
 * partial, whatever came before it.
 *
 * White space around sentences is dropped, that within is kept. A sentence has
 * the timestamp, language and metadata of the fragment in which it begins. A
 * flush of the session drops the sentence under way.
 */
export const sentences: Plugin["nodes"][number] = defineNode({
  type: "text.sentences",
  summary: "Collects fragments of text and gives whole sentences.",
  params,
  inputs: { in: ["text"] },
  outputs: { out: ["text"] },
  create({ params }) {
    let splitter = new SentenceSplitter(params);
    /** What came with the fragments that the sentence under way may begin in, and where those begin. */
    let origins: { readonly start: number; readonly fields: DataCommon }[] = [];
    let isInParts = false;
    const toText = ({ text, start }: Sentence): TextData =>
      RuntimeData.text(text, origins.findLast((origin) => origin.start <= start)?.fields);
    return {
      *process(data, { isPartial }) {
        const { type: _text, text, ...fields } = data;
        origins.push({ start: splitter.length, fields });
        for (const sentence of splitter.push(text)) yield toText(sentence);
        const pending = origins.findLastIndex(({ start }) => start <= splitter.pendingStart);
        origins.splice(0, pending);
        // The last piece of an answer, say: what follows is another text.
        if (!isPartial && (isInParts || params.wholeText === "ends")) {
          for (const sentence of splitter.flush()) yield toText(sentence);
        }
        isInParts = isPartial;
      },
      *flush() {
        for (const sentence of splitter.flush()) yield toText(sentence);
      },
      reset() {
        splitter = new SentenceSplitter(params);
        origins = [];
        isInParts = false;
      },
    };
  },
});
