/**
 * When a node was at work, for a picture of a session.
 *
 * @module
 */

import type { StepWatch } from "./step_watch.ts";

/** A stretch of time: its beginning and its end, each in milliseconds as `Date.now()` counts them, with fractions. */
export type TimeSpan = readonly [startMs: number, endMs: number];

const SPANS_MAX = 2048;
const FIRST_GAP_MS = 0.5;

/**
 * Notes when a node was at work. Memory is bounded: what lies close together
 * becomes one span, and the closer counts as close the more there is.
 */
export class ActivityRecorder implements StepWatch {
  readonly #inner: StepWatch | undefined;
  readonly #now: () => number;
  #spans: [startMs: number, endMs: number][] = [];
  #sinceMs: number | undefined;
  #gapMs = FIRST_GAP_MS;

  /**
   * @param inner Another watch over the same node, which is told as well.
   * @param now Only tests give another clock.
   */
  constructor(inner?: StepWatch, now: () => number = () => performance.timeOrigin + performance.now()) {
    this.#inner = inner;
    this.#now = now;
  }

  begin(): void {
    this.#inner?.begin();
    this.#sinceMs ??= this.#now();
  }

  end(): void {
    this.#inner?.end();
    if (this.#sinceMs === undefined) return;
    this.#add(this.#sinceMs, this.#now());
    this.#sinceMs = undefined;
  }

  /** All spans in order, that which is going on included. */
  get spans(): readonly TimeSpan[] {
    return this.#sinceMs === undefined ? [...this.#spans] : [...this.#spans, [this.#sinceMs, this.#now()]];
  }

  #add(startMs: number, endMs: number): void {
    const last = this.#spans.at(-1);
    if (last !== undefined && startMs - last[1] <= this.#gapMs) {
      last[1] = endMs;
      return;
    }
    this.#spans.push([startMs, endMs]);
    while (this.#spans.length > SPANS_MAX) this.#widen();
  }

  #widen(): void {
    this.#gapMs *= 2;
    const spans = this.#spans;
    this.#spans = [];
    for (const [startMs, endMs] of spans) this.#add(startMs, endMs);
  }
}

/** Reads spans that may be none: gives those, as far as they stand in order and are not more than are ever noted. */
export function readSpans(value: unknown): readonly TimeSpan[] {
  if (!Array.isArray(value)) return [];
  const spans: TimeSpan[] = [];
  // One more, of work that is going on.
  for (const span of value.slice(0, SPANS_MAX + 1)) {
    const [startMs, endMs] = Array.isArray(span) ? span : [];
    if (isBetween(startMs, spans.at(-1)?.[1] ?? 0) && isBetween(endMs, startMs)) spans.push([startMs, endMs]);
  }
  return spans;
}

function isBetween(value: unknown, least: number): value is number {
  return typeof value === "number" && value >= least && value <= Number.MAX_SAFE_INTEGER;
}
