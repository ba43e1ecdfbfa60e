/**
 * `text.case`: upper case, lower case, title case, sentence case.
 *
 * @module
 */

import * as v from "valibot";
import { defineNode, type Plugin } from "../../core/plugin.ts";
import { SentenceSplitter } from "./splitter.ts";

/** Parameters of `text.case`. */
const params = v.object({
  mode: v.pipe(
    v.picklist(["upper", "lower", "title", "sentence"]),
    v.description(
      'Which letters become capitals: "upper" all, "lower" none, "title" the first of each word, "sentence" the first ' +
        "of each sentence.",
    ),
  ),
  locale: v.optional(
    v.pipe(
      v.string(),
      v.check(isLocale, "is not a language tag"),
      v.description(
        'BCP 47 tag of the language whose rules hold, such as "tr". Default: the language of each text, else the rules ' +
          "of no language.",
      ),
    ),
  ),
});

/** The rules of Unicode without those of a language. No tag at all would mean the language of the machine. */
const ROOT = "und";
/** The number of a list item may stand in front; any other digit is the beginning itself. */
const FIRST_LETTER = /^(?:\p{N}+[.)]\s)?[^\p{L}\p{N}]*\p{L}/u;
const WORD = /[\p{L}\p{N}][\p{L}\p{M}\p{N}'’]*/gu;

/**
 * Changes the case of letters.
 *
 * Each text counts as a whole: put `text.sentences` in front to change text
 * that comes in fragments. `"title"` begins every word with a capital,
 * `"sentence"` every sentence; both turn all other letters to lower case,
 * those of names and of "I" too.
 */
export const changeCase: Plugin["nodes"][number] = defineNode({
  type: "text.case",
  summary: "Turns text to upper, lower, title or sentence case.",
  params,
  inputs: { in: ["text"] },
  outputs: { out: ["text"] },
  create: ({ params: { mode, locale } }) => ({
    process(data) {
      const { language = ROOT } = data;
      return { ...data, text: CHANGES[mode](data.text, locale ?? (isLocale(language) ? language : ROOT)) };
    },
  }),
});

const CHANGES = {
  upper: (text: string, locale: string): string => text.toLocaleUpperCase(locale),
  lower: (text: string, locale: string): string => text.toLocaleLowerCase(locale),
  title: (text: string, locale: string): string => text.replace(WORD, (word) => capitalize(word, locale)),
  sentence: (text: string, locale: string): string => {
    const splitter = new SentenceSplitter({ maxChars: Infinity });
    const starts = [...splitter.push(text), ...splitter.flush()].map(({ start }) => start);
    const pieces = starts.map((start, i) => capitalize(text.slice(start, starts[i + 1]), locale));
    return text.slice(0, starts[0]) + pieces.join("");
  },
};

/** Turns the first letter to upper case, unless a digit comes first, and all others to lower case. */
function capitalize(text: string, locale: string): string {
  const [head = ""] = FIRST_LETTER.exec(text) ?? [];
  return head.toLocaleUpperCase(locale) + text.slice(head.length).toLocaleLowerCase(locale);
}

function isLocale(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1;
  } catch {
    return false; // malformed
  }
}
