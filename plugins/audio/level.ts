/**
 * audio.level: measures level, peak and loudness.
 *
 * @module
 */

import * as v from "valibot";
import {
  type AudioData,
  convertFormat,
  defineNode,
  frameCount,
  type JsonData,
  RuntimeData,
  StreamrackError,
} from "../../core/plugin.ts";
import type { AudioNode } from "./audio_node.ts";
import { amplitudeDb, powerDb } from "../../audio/dsp/decibels.ts";
import { channelWeights, IntegratedLoudness, LevelWindow, LoudnessMeter } from "../../audio/dsp/loudness.ts";
import { numberParam } from "./params.ts";
import { perStretch, type Stretch, type StretchProcessor } from "../../audio/dsp/stretch.ts";

type Output = { readonly out: AudioData } | { readonly levels: JsonData };

/**
 * Measures audio, which leaves by `out` unchanged. `levels` has a report for
 * each interval of media time, with the timestamp of its first frame:
 *
 * - `rmsDb`, `peakDb`: root mean square and largest sample of all channels in the interval, in dBFS;
 * - `momentaryLufs`, `shortTermLufs`: loudness of the last 400 ms and 3 s, known every 100 ms;
 * - `integratedLufs`: gated loudness of the stream so far;
 * - `durationMs`: how long the interval is;
 * - `final`: false. At the end comes a last report with `true`, where
 *   `rmsDb`, `peakDb` and `durationMs` are those of the whole stream.
 *
 * A level that is not known yet, and that of digital silence, is `null`.
 * Loudness follows ITU-R BS.1770-4 (K-weighting at any rate, gates at -70 LUFS
 * and -10 LU) and is within 0.01 LU of ffmpeg's ebur128 for 1 to 6 channels.
 * With 7 and 8 ffmpeg counts the rear pair with 1.41, the recommendation with
 * 1; `channelWeights` chooses. NaN and infinities count as 0. A change of
 * sample rate, channels or format starts the meters anew; the integrated
 * loudness goes on. A flush of the session begins another measurement: the
 * integrated loudness and the last report are those of what came after it.
 */
export const level: AudioNode = defineNode({
  type: "audio.level",
  summary: "Measures RMS level, peak and loudness (LUFS) while audio passes through.",
  params: v.object({
    intervalMs: numberParam("Media time between reports in milliseconds, 10 to 3600000.", {
      min: 10,
      max: 3_600_000,
      fallback: 100,
    }),
    channelWeights: v.optional(v.pipe(
      v.array(v.pipe(v.number(), v.minValue(0), v.maxValue(10))),
      v.description(
        "How much each channel counts for loudness. Default: by the order of WAVE files, front 1, LFE 0, sides 1.41.",
      ),
    )),
  }),
  inputs: { in: ["audio"] },
  outputs: { out: ["audio"], levels: ["json"] },
  create({ params }) {
    let programme = newProgramme();
    let meter: LevelMeter | undefined;
    const perStretchNode = perStretch<Output>({
      gaps: "join",
      start: (stretch) => meter = new LevelMeter(stretch, { ...params, programme }),
    });
    return {
      process: perStretchNode.process,
      async *flush() {
        yield* perStretchNode.flush();
        if (meter !== undefined) yield { levels: meter.finalReport() };
      },
      reset() {
        perStretchNode.reset();
        programme = newProgramme();
        meter = undefined;
      },
    };
  },
});

/** What is measured over the whole stream, across changes of its form. */
interface Programme {
  readonly integrated: IntegratedLoudness;
  readonly window: LevelWindow;
  durationMs: number;
}

function newProgramme(): Programme {
  return { integrated: new IntegratedLoudness(), window: new LevelWindow(), durationMs: 0 };
}

interface LevelOptions {
  readonly intervalMs: number;
  readonly channelWeights?: readonly number[] | undefined;
  readonly programme: Programme;
}

class LevelMeter implements StretchProcessor<Output> {
  readonly #stretch: Stretch;
  readonly #intervalMs: number;
  readonly #programme: Programme;
  readonly #loudness: LoudnessMeter;
  #window = new LevelWindow();
  #windowCount = 0;
  #windowStart = 0;
  #windowStartUs: number | undefined;
  #frame = 0;

  constructor(stretch: Stretch, { intervalMs, channelWeights: weights, programme }: LevelOptions) {
    this.#stretch = stretch;
    this.#intervalMs = intervalMs;
    this.#programme = programme;
    const { sampleRate, channels } = stretch;
    this.#loudness = new LoudnessMeter(sampleRate, fitting(weights, channels), programme.integrated);
  }

  *push(audio: AudioData): Generator<Output> {
    const { samples } = convertFormat(audio, "f32");
    const frames = frameCount(audio);
    const reports: Output[] = [];
    for (let frame = 0; frame < frames;) {
      if (this.#frame === this.#windowStart) this.#windowStartUs = this.#stretch.timestampUs(this.#frame);
      const windowEnd = this.#windowEnd();
      const taken = Math.min(frames - frame, windowEnd - this.#frame);
      this.#measure(samples, frame, frame + taken);
      frame += taken;
      this.#frame += taken;
      if (this.#frame === windowEnd) reports.push(this.#endWindow());
    }
    yield { out: audio };
    yield* reports;
  }

  *finish(): Generator<Output> {
    if (this.#frame > this.#windowStart) yield this.#endWindow();
  }

  finalReport(): JsonData {
    const { window, durationMs } = this.#programme;
    return this.#report(window, durationMs, { final: true, timestampUs: this.#stretch.timestampUs(this.#frame) });
  }

  #windowEnd(): number {
    const end = Math.round((this.#windowCount + 1) * this.#stretch.sampleRate * this.#intervalMs / 1000);
    return Math.max(this.#frame + 1, end);
  }

  #measure(samples: Float32Array, fromFrame: number, toFrame: number): void {
    const { channels } = this.#stretch;
    for (const window of [this.#window, this.#programme.window]) {
      window.add(samples, fromFrame * channels, toFrame * channels);
    }
    this.#loudness.add(samples, fromFrame, toFrame);
  }

  #endWindow(): Output {
    const durationMs = (this.#frame - this.#windowStart) / this.#stretch.sampleRate * 1000;
    const levels = this.#report(this.#window, durationMs, { final: false, timestampUs: this.#windowStartUs });
    this.#programme.durationMs += durationMs;
    this.#window = new LevelWindow();
    this.#windowStart = this.#frame;
    this.#windowCount += 1;
    return { levels };
  }

  #report(
    window: LevelWindow,
    durationMs: number,
    { final, timestampUs }: { final: boolean; timestampUs: number | undefined },
  ): JsonData {
    const report = {
      rmsDb: powerDb(window.power),
      peakDb: amplitudeDb(window.peak),
      momentaryLufs: this.#loudness.momentaryLufs,
      shortTermLufs: this.#loudness.shortTermLufs,
      integratedLufs: this.#programme.integrated.lufs,
      durationMs,
      final,
    };
    return RuntimeData.json(report, timestampUs === undefined ? {} : { timestampUs });
  }
}

/** The weights if there is one for each channel, else the usual ones. @throws {StreamrackError} `invalid-data`. */
function fitting(weights: readonly number[] | undefined, channels: number): readonly number[] {
  if (weights === undefined) return channelWeights(channels);
  if (weights.length === channels) return weights;
  throw new StreamrackError("invalid-data", "the channel weights were not made for this audio", {
    problems: [{
      path: "channels",
      message: "does not fit params.channelWeights",
      received: `${channels}`,
      expected: `${weights.length}`,
    }],
    remedy: "Give params.channelWeights one number for each channel of the input.",
  });
}
