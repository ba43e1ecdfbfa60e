/**
 * Records what passes for a picture of input and output.
 *
 * @module
 */

import type { AudioData } from "../../core/plugin.ts";
import type { Canvas } from "./canvas.ts";
import { Envelope } from "./envelope.ts";
import { drawTimeline, timelineHeight, type TimelineRow } from "./timeline.ts";
import { drawWaveforms, type Panel } from "./waveform.ts";

const TITLES: { readonly [tone in Panel["tone"]]: string } = { before: "input", after: "output" };

/** Collects the outlines of all audio that goes in and comes out. */
export class PlotRecorder {
  readonly #before = new Map<string, Envelope>();
  readonly #after = new Map<string, Envelope>();

  /** Adds audio on its way in. `source` names where it is from. */
  addBefore(source: string, audio: AudioData): void {
    envelopeOf(this.#before, source).add(audio);
  }

  /** Adds audio on its way out. `source` names where it is from. */
  addAfter(source: string, audio: AudioData): void {
    envelopeOf(this.#after, source).add(audio);
  }

  /**
   * The picture, as a PNG file: everything before, above everything after, above who worked when.
   *
   * @param rows Who worked when. None: that is left out.
   */
  toPng(rows: readonly TimelineRow[] = []): Uint8Array {
    const panels = (envelopes: Map<string, Envelope>, tone: Panel["tone"]): Panel[] =>
      [...envelopes].map(([subtitle, envelope]) => ({ title: TITLES[tone], subtitle, envelope, tone }));
    const all = [...panels(this.#before, "before"), ...panels(this.#after, "after")];
    const none: Panel = { title: "no audio", subtitle: "nothing to show", envelope: new Envelope(2), tone: "after" };
    const below = {
      height: timelineHeight(rows),
      draw: (canvas: Canvas, top: number) => drawTimeline(canvas, rows, top),
    };
    return drawWaveforms(all.length > 0 ? all : [none], rows.length > 0 ? below : undefined);
  }
}

function envelopeOf(envelopes: Map<string, Envelope>, key: string): Envelope {
  let envelope = envelopes.get(key);
  if (envelope === undefined) envelopes.set(key, envelope = new Envelope());
  return envelope;
}
