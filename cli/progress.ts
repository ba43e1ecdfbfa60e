/**
 * A progress bar on stderr, drawn only where somebody watches.
 *
 * @module
 */

import process from "node:process";
import { timeText } from "./table.ts";

const REDRAW_MS = 100;
const BAR_CHARS = 28;
const WIDTH_DEFAULT_CHARS = 80;
const ERASE_LINE = "\r\x1b[2K";

/** What the bar is drawn on: stderr, or a stand-in. */
export interface ProgressTerminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Progress through a span of media. */
export class Progress {
  readonly #terminal: ProgressTerminal;
  readonly #totalSeconds: number | undefined;
  readonly #nowMs: () => number;
  readonly #startedMs: number;
  #drawnMs = -Infinity;
  #isShown = false;

  /**
   * @param totalSeconds Length of the media, where it is known.
   * @param options Stand-ins for the terminal and the clock.
   */
  constructor(
    totalSeconds: number | undefined,
    options: { readonly terminal?: ProgressTerminal; readonly nowMs?: () => number } = {},
  ) {
    this.#totalSeconds = totalSeconds;
    this.#terminal = options.terminal ?? process.stderr;
    this.#nowMs = options.nowMs ?? (() => performance.now());
    this.#startedMs = this.#nowMs();
  }

  /** Shows how far it has come; draws ten times a second at most. */
  update(doneSeconds: number): void {
    const nowMs = this.#nowMs();
    if (this.#terminal.isTTY !== true || nowMs - this.#drawnMs < REDRAW_MS) return;
    this.#drawnMs = nowMs;
    this.#isShown = true;
    // A terminal may say that it is 0 columns wide. A line that wraps could not be erased.
    const width = (this.#terminal.columns || WIDTH_DEFAULT_CHARS) - 1;
    const line = renderProgress(doneSeconds, this.#totalSeconds, (nowMs - this.#startedMs) / 1000);
    this.#terminal.write(ERASE_LINE + line.slice(0, width));
  }

  /** Takes the bar away, so that other lines can be written. */
  clear(): void {
    if (this.#isShown) this.#terminal.write(ERASE_LINE);
    this.#isShown = false;
    this.#drawnMs = -Infinity;
  }
}

/** The text of the bar. */
export function renderProgress(doneSeconds: number, totalSeconds: number | undefined, elapsedSeconds: number): string {
  const speed = elapsedSeconds > 0 ? `  ${Math.round(doneSeconds / elapsedSeconds)}x` : "";
  if (totalSeconds === undefined || totalSeconds <= 0) return `${timeText(doneSeconds)}${speed}`;
  const share = Math.min(1, doneSeconds / totalSeconds);
  const filled = Math.round(share * BAR_CHARS);
  const bar = "█".repeat(filled) + "░".repeat(BAR_CHARS - filled);
  const percent = `${Math.floor(share * 100)}`.padStart(3);
  return `${percent} % ${bar} ${timeText(doneSeconds)} of ${timeText(totalSeconds)}${speed}`;
}
