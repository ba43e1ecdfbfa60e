/**
 * The text of tokens that come one by one.
 *
 * @module
 */

/** Text of tokens. */
export type Decode = (ids: readonly number[]) => string;

/** Stands for bytes that are no whole character (yet). */
const REPLACEMENT = "\ufffd";
/** No character has more bytes than this; whatever stays incomplete longer is broken, and goes as it is. */
const INCOMPLETE_MAX_TOKENS = 8;

/**
 * Turns tokens into text as they come. A token may be part of a character, and
 * its text may depend on the token before it (a space, say): so each is decoded
 * behind the one that was given last, and what is not a whole character waits.
 */
export class TokenText {
  readonly #decode: Decode;
  /** The tokens given last, as context, then those that wait. */
  #ids: number[] = [];
  #contextLength = 0;

  constructor(decode: Decode) {
    this.#decode = decode;
  }

  /** Takes a token, and gives the text that is complete with it; may be empty. */
  push(id: number): string {
    this.#ids.push(id);
    const waiting = this.#ids.length - this.#contextLength;
    const text = this.#rest();
    if (text.endsWith(REPLACEMENT) && waiting <= INCOMPLETE_MAX_TOKENS) return "";
    if (text === "") return ""; // a special token, or one that says nothing by itself
    this.#ids = this.#ids.slice(this.#contextLength);
    this.#contextLength = this.#ids.length;
    return text;
  }

  /** No more tokens come: gives what waits. */
  end(): string {
    const text = this.#rest();
    this.#ids = [];
    this.#contextLength = 0;
    return text;
  }

  #rest(): string {
    const context = this.#decode(this.#ids.slice(0, this.#contextLength));
    return this.#decode(this.#ids).slice(context.length);
  }
}
