/**
 * SentenceSplitter: finds sentences in text that comes piece by piece.
 *
 * It reads one character after the other, and all that it decides depends on
 * the characters so far, never on where a piece ended. `Intl.Segmenter` would
 * not do: its answers need the whole text, split after "Dr.", and differ
 * between the Unicode tables of the runtimes. The rules follow the idea of
 * Unicode Standard Annex 29 (stops, then closing marks, then space, and a look
 * at what follows), with lists of abbreviations in place of its guesses.
 *
 * @module
 */

import { BEFORE_NUMBER, EITHER_WAY, NEVER_LAST, STARTERS } from "./abbreviations.ts";

/** A sentence without the white space around it. */
export interface Sentence {
  readonly text: string;
  /** Where it begins, in UTF-16 code units since the beginning of the stream. */
  readonly start: number;
}

/** How text is split. */
export interface SplitterOptions {
  /** A sentence that gets longer is cut: after a clause, between words, or anywhere. In UTF-16 code units. */
  readonly maxChars: number;
  /** Whether each line break ends a sentence (the default), or only an empty line does. */
  readonly lineBreak?: "ends" | "wraps";
  /** Further abbreviations after which a sentence goes on; their last stop may be left out. */
  readonly abbreviations?: readonly string[];
}

/** What must follow a stop and white space for the sentence to end there. */
type Rule = "anything" | "nothing" | "not-lower" | "not-digit" | "starter";

const SPACE = /^\s$/;
const STOP = /^[.!?…‥。！？｡؟۔।॥]$/u;
/** Stops that need no space after them. */
const WIDE_STOP = /[。！？｡؟۔।॥]/u;
/** Quotes, brackets, and the marks of emphasis in Markdown. */
const CLOSER = /^["'”’»›)\]}」』）】》〉］｝*_`]$/u;
const OPENER = /^["'“‘«‹([{*_`]$/u;
/** Scripts that are written without spaces. */
const UNSPACED = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]$/u;
const LETTER = /^\p{L}$/u;
const LOWER = /^\p{Ll}$/u;
const DIGIT = /^\p{Nd}$/u;
/** An initial, or letters with stops between them: `J`, `U.S`, `p.m`. */
const INITIALS = /^(\p{Lu}|\p{L}(\.\p{L})+)$/u;
const NO_LETTERS = /^\P{L}+/u;
const LIST_NUMBER = /^[\p{Nd}.]+$/u;
const LAST_CLAUSE = /^.*(?:[,;:–—]\s|[、，；：])/su;
const LAST_SPACE = /^.*\s/su;
const STARTER_MAX_CHARS = 12;
/** Longer words are not looked up. */
const ABBREVIATION_MAX_CHARS = 42;

/** Takes pieces of text, gives sentences as soon as they are certain to be complete. */
export class SentenceSplitter {
  readonly #maxChars: number;
  readonly #wraps: boolean;
  readonly #neverLast: ReadonlySet<string>;
  /** The sentence under way, from its first character, and what was read since it may have ended. */
  #buffer = "";
  /** Where the buffer begins in the stream. */
  #start = 0;
  /** Characters read. */
  #read = 0;
  /** The place in the buffer where the sentence may have ended: the first stop, and behind the last closing mark. */
  #stop: { readonly at: number; end: number; rule?: Rule } | undefined;
  /** First half of a character that a piece cut in two. */
  #half = "";

  constructor({ maxChars, lineBreak = "ends", abbreviations = [] }: SplitterOptions) {
    this.#maxChars = maxChars;
    this.#wraps = lineBreak === "wraps";
    this.#neverLast = new Set([...NEVER_LAST, ...abbreviations.map((word) => word.toLowerCase().replace(/\.$/, ""))]);
  }

  /** Length of all pieces so far. */
  get length(): number {
    return this.#read + this.#half.length;
  }

  /** Where the sentence begins that is under way. */
  get pendingStart(): number {
    return this.#buffer === "" ? this.#read : this.#start;
  }

  /** Takes a piece, gives the sentences that it completes. */
  *push(piece: string): Generator<Sentence> {
    let text = this.#half + piece;
    this.#half = /[\uD800-\uDBFF]$/.exec(text)?.[0] ?? "";
    if (this.#half !== "") text = text.slice(0, -1);
    for (const char of text) yield* this.#take(char);
  }

  /** Takes the end of the text, gives the rest. */
  *flush(): Generator<Sentence> {
    if (this.#half !== "") yield* this.#take(this.#half);
    this.#half = "";
    yield* this.#finish();
  }

  *#take(char: string): Generator<Sentence> {
    const isSpace = SPACE.test(char);
    if (char === "\n" && (!this.#wraps || /\n\s*$/.test(this.#buffer))) yield* this.#finish();
    else if (this.#stop !== undefined) {
      const verdict = this.#judge(char, this.#stop, isSpace);
      if (verdict === "ends") yield this.#cut(this.#stop.end);
      if (verdict !== "open") this.#stop = undefined;
    }
    if (this.#buffer === "") this.#start = this.#read;
    this.#read += char.length;
    if (this.#buffer === "" && isSpace) return;
    this.#buffer += char;
    this.#noteStop(char);
    if (this.#buffer.length > this.#maxChars) yield* this.#cutLong(this.#buffer.length - char.length);
  }

  /** Notes where the sentence would end, if the character can be part of its end. */
  #noteStop(char: string): void {
    const { length } = this.#buffer;
    if (this.#stop?.end === length - char.length && (STOP.test(char) || CLOSER.test(char))) this.#stop.end = length;
    else if (STOP.test(char)) this.#stop = { at: length - char.length, end: length };
  }

  /** Whether the sentence ended at the stop, now that one more character is known. */
  #judge(char: string, stop: { at: number; end: number; rule?: Rule }, isSpace: boolean): "ends" | "goes-on" | "open" {
    if (stop.rule === undefined) {
      if (STOP.test(char) || CLOSER.test(char)) return "open";
      const tail = this.#buffer.slice(stop.at, stop.end);
      if (WIDE_STOP.test(tail)) return "ends";
      if (!isSpace) return /[!?]/.test(tail) && UNSPACED.test(char) ? "ends" : "goes-on";
      stop.rule = this.#ruleFor(this.#buffer.slice(0, stop.at), tail);
    }
    switch (stop.rule) {
      case "anything":
        return "ends";
      case "nothing":
        return "goes-on";
      case "not-lower":
        return isSpace ? "open" : LOWER.test(char) ? "goes-on" : "ends";
      case "not-digit":
        return isSpace ? "open" : DIGIT.test(char) ? "goes-on" : "ends";
      case "starter": {
        const word = this.#buffer.slice(stop.end).replace(NO_LETTERS, "");
        if (LETTER.test(char)) return word.length < STARTER_MAX_CHARS ? "open" : "goes-on";
        if (word === "") return isSpace || OPENER.test(char) ? "open" : "goes-on";
        return STARTERS.has(word) && char !== "." ? "ends" : "goes-on"; // "J. A. Smith" has no article in it
      }
    }
  }

  #ruleFor(body: string, tail: string): Rule {
    const usual = /^[.!?…‥]+$/.test(tail) ? "anything" : "not-lower"; // after closing marks: "No!" he said.
    if (/[!?]/.test(tail)) return usual;
    if (/^(\.\.|.*[…‥])/.test(tail)) return "not-lower"; // an ellipsis may be a pause
    if (LIST_NUMBER.test(body)) return "nothing";
    const word = (body.slice(-ABBREVIATION_MAX_CHARS).split(/\s/).at(-1) as string).replace(NO_LETTERS, "");
    const lower = word.toLowerCase();
    if (this.#neverLast.has(lower)) return "nothing";
    if (BEFORE_NUMBER.has(lower)) return "not-digit";
    if (EITHER_WAY.has(lower) || INITIALS.test(word)) return "starter";
    return usual;
  }

  /** Ends the sentence under way, whatever it is. */
  *#finish(): Generator<Sentence> {
    if (this.#stop !== undefined && this.#judge(" ", this.#stop, true) === "ends") yield this.#cut(this.#stop.end);
    if (this.#buffer.trim() !== "") yield this.#cut(this.#buffer.length);
    this.#stop = undefined;
  }

  /** Cuts a sentence that has become too long, no later than at `latest`, and reads the rest once more. */
  *#cutLong(latest: number): Generator<Sentence> {
    const half = Math.floor(latest / 2);
    const secondHalf = this.#buffer.slice(half, latest + 1);
    const [nice = ""] = LAST_CLAUSE.exec(secondHalf) ?? LAST_SPACE.exec(secondHalf) ?? [];
    const end = this.#stop !== undefined && this.#stop.end <= latest
      ? this.#stop.end
      : nice === ""
      ? latest
      : half + nice.length;
    yield this.#cut(Math.min(end, latest));
    const rest = this.#buffer;
    this.#read = this.#start;
    this.#buffer = "";
    for (const char of rest) yield* this.#take(char);
  }

  /** Gives the buffer up to a place as a sentence; the buffer then begins behind it and the space that follows. */
  #cut(end: number): Sentence {
    const sentence = { text: this.#buffer.slice(0, end).trimEnd(), start: this.#start };
    const rest = this.#buffer.slice(end);
    this.#buffer = rest.trimStart();
    this.#start += end + rest.length - this.#buffer.length;
    this.#stop = undefined;
    return sentence;
  }
}
