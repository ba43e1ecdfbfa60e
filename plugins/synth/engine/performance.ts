/**
 * Plays notes on a graph from the first frame to the last.
 *
 * @module
 */

import { QUANTUM } from "../dsp/kernel.ts";
import type { GraphPlan } from "../graph/plan.ts";
import type { PhraseNote } from "../policy/phrase.ts";
import { Renderer, type RendererOptions } from "./renderer.ts";

/** What is played. */
export interface Score extends RendererOptions {
  readonly plan: GraphPlan;
  /** In order of their start. */
  readonly notes: () => Iterable<PhraseNote>;
  /** Length of the whole. */
  readonly frames: number;
}

const FADE_S = 0.01;

/**
 * One run through a score. What the limiter is late is taken off at the
 * beginning, so that frame 0 of the score is frame 0 of the output; the last
 * 10 ms are faded, so that nothing breaks off with a click.
 */
export class Performance {
  readonly renderer: Renderer;
  readonly #score: Score;
  readonly #notes: Iterator<PhraseNote>;
  #next: PhraseNote | undefined;
  #done = 0;

  constructor(score: Score) {
    this.#score = score;
    this.renderer = new Renderer(score.plan, score);
    this.#notes = score.notes()[Symbol.iterator]();
    this.#advance();
    this.#skip(this.renderer.latencyFrames);
  }

  /** Frames that are still to come. */
  get framesLeft(): number {
    return this.#score.frames - this.#done;
  }

  /** Fills a buffer of at most as many frames as are left. */
  render(into: Float32Array): void {
    const frames = into.length / this.#score.channels;
    this.#schedule(frames);
    this.renderer.render(into);
    this.#fade(into, frames);
    this.#done += frames;
  }

  #skip(frames: number): void {
    this.#schedule(frames);
    this.renderer.render(new Float32Array(frames * this.#score.channels));
  }

  #schedule(frames: number): void {
    const { renderer } = this;
    const until = renderer.frame + frames + QUANTUM;
    while (this.#next !== undefined && this.#next.startFrame < until) {
      const { startFrame, endFrame, note, velocity } = this.#next;
      renderer.schedule({ kind: "note-on", frame: startFrame, note, velocity });
      renderer.schedule({ kind: "note-off", frame: endFrame, note });
      this.#advance();
    }
  }

  #advance(): void {
    const next = this.#notes.next();
    this.#next = next.done === true ? undefined : next.value;
  }

  #fade(into: Float32Array, frames: number): void {
    const { channels, sampleRate, frames: total } = this.#score;
    const fade = Math.min(total, Math.round(FADE_S * sampleRate));
    const first = Math.max(0, total - fade - this.#done);
    for (let frame = first; frame < frames; frame++) {
      const gain = (total - this.#done - frame) / fade;
      for (let c = 0; c < channels; c++) {
        const at = frame * channels + c;
        into[at] = (into[at] as number) * gain;
      }
    }
  }
}
