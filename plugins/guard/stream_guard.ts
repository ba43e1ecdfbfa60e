/**
 * Guards text that comes piece by piece.
 *
 * @module
 */

import { type Finding, mask, riskScore, THRESHOLDS } from "./finding.ts";
import { type GuardOptions, runCheck } from "./judge.ts";

/** What may go on after a piece of text. */
export interface Passed {
  /** May be empty. */
  readonly text: string;
  /** What was found since the last call, with places in the whole text. */
  readonly findings: readonly Finding[];
  /** Whether the text is unsafe from here on. It stays so. */
  readonly isUnsafe: boolean;
}

/** How a text is guarded while it comes. */
export interface StreamGuardOptions extends GuardOptions {
  /** Words that wait for what follows, from 1: as many as the longest thing that is found. */
  readonly windowWords: number;
}

/** A word that does not end is not waited for longer. */
const WINDOW_MAX_CHARS = 4096;

/**
 * Keeps the last words back, and lets all before them go: whatever spans no
 * more words than the window is found before any of it has gone.
 */
export class StreamGuard {
  readonly #options: StreamGuardOptions;
  #window = "";
  /** Where the window begins in the whole text. */
  #start = 0;
  #all: Finding[] = [];
  #isUnsafe = false;

  constructor(options: StreamGuardOptions) {
    this.#options = options;
  }

  /** How bad all is that was found, 0 to 1. */
  get riskScore(): number {
    return riskScore(this.#all);
  }

  /** Takes a piece, and gives what may go on. */
  push(text: string): Passed {
    this.#window += text;
    return this.#pass(releasable(this.#window, this.#options.windowWords));
  }

  /** The text has ended: gives the rest. */
  end(): Passed {
    return this.#pass(this.#window.length);
  }

  #pass(upTo: number): Passed {
    const { strategy, strictness, checks, maxChars } = this.#options;
    const inWindow = checks.filter((check) => check !== "length")
      .flatMap((check) => runCheck(check, this.#window, this.#options));
    // Not into the middle of what was found: its beginning would be gone, and it would not be found again.
    const cut = inWindow.reduce((cut, { start, end }) => start < cut && cut < end ? start : cut, upTo);
    // What is still in the window may grow: a phone number turns out to be that of a card.
    const found = inWindow.filter(({ end }) => end <= cut);
    const fresh = found.map((finding) => this.#placed(finding));
    const allowed = checks.includes("length") ? Math.max(0, maxChars - this.#start) : Infinity;
    if (cut > allowed && this.#start <= maxChars) {
      const [start, end] = [maxChars, this.#start + cut];
      fresh.push({ check: "length", kind: "too-long", start, end, severity: 0.8 });
    }
    this.#all.push(...fresh);
    this.#isUnsafe ||= this.riskScore >= THRESHOLDS[strictness];
    const going = this.#window.slice(0, cut);
    this.#window = this.#window.slice(cut);
    this.#start += cut;
    const passed = { findings: fresh, isUnsafe: this.#isUnsafe };
    if (!this.#isUnsafe || strategy === "warn") return { ...passed, text: going };
    if (strategy === "block") {
      this.#window = "";
      return { ...passed, text: "" };
    }
    return { ...passed, text: mask(going.slice(0, Math.min(cut, allowed)), found.filter(({ end }) => end <= allowed)) };
  }

  #placed(finding: Finding): Finding {
    return { ...finding, start: finding.start + this.#start, end: finding.end + this.#start };
  }
}

/** How much of a text is before its last words. */
function releasable(text: string, words: number): number {
  if (text.length > WINDOW_MAX_CHARS) return text.length - WINDOW_MAX_CHARS / 2;
  // The last word may not have ended, so that one more is kept.
  const starts = Array.from(text.matchAll(/\S+/g), ({ index }) => index);
  return starts.length <= words ? 0 : starts[starts.length - words - 1 + (/\s$/.test(text) ? 1 : 0)] ?? text.length;
}
