/**
 * `vad.silero`: tells speech from everything else.
 *
 * @module
 */

import * as v from "valibot";
import {
  type AudioData,
  type AudioDataOf,
  convertFormat,
  defineNode,
  type Plugin,
  type Problem,
  StreamrackError,
} from "../../core/plugin.ts";
import type { DetectorOptions } from "./detector.ts";
import { SpeechListener } from "./listener.ts";
import { loadModel, SAMPLE_RATE_HZ } from "./model.ts";
import { Windower } from "./windows.ts";

const NEGATIVE_THRESHOLD_GAP = 0.15;
/** Keeps the default above 0, where no silence would be found any more. */
const NEGATIVE_THRESHOLD_MIN = 0.01;
const SPEECH_PAD_DEFAULT_MS = 64;

const probability = (description: string) =>
  v.pipe(v.number(), v.minValue(0), v.maxValue(1), v.description(description));
const spanMs = (description: string) =>
  v.pipe(v.number(), v.minValue(0), v.maxValue(10_000), v.description(description));

/** Parameters of `vad.silero`. */
const params = v.pipe(
  v.object({
    threshold: v.optional(probability("Probability from which silence turns into speech, 0 to 1."), 0.5),
    negativeThreshold: v.optional(
      probability(
        "Probability below which speech turns into silence, 0 to threshold. Default: threshold less 0.15, but not " +
          "below 0.01 unless threshold is.",
      ),
    ),
    minSpeechMs: v.optional(spanMs("Shorter speech is not reported, in milliseconds, 0 to 10000."), 250),
    minSilenceMs: v.optional(spanMs("Shorter silence does not end speech, in milliseconds, 0 to 10000."), 200),
    speechPadMs: v.optional(
      spanMs(
        "Added before and after speech, in milliseconds, 0 to minSilenceMs. Default: 64, or minSilenceMs if that is " +
          "less.",
      ),
    ),
    mode: v.optional(
      v.pipe(
        v.picklist(["annotate", "speech", "utterances"]),
        v.description(
          'What audio leaves the node: "annotate" gives all, with what was found in its metadata; "speech" gives ' +
            'speech only; "utterances" gives the same, and tells which piece ends an utterance.',
        ),
      ),
      "annotate",
    ),
    maxUtteranceMs: v.optional(
      v.pipe(
        v.number(),
        v.minValue(1000),
        v.maxValue(600_000),
        v.description('In mode "utterances", longer speech is cut, in milliseconds, 1000 to 600000.'),
      ),
      30_000,
    ),
  }),
  v.forward(
    v.check(
      ({ threshold, negativeThreshold = 0 }) => negativeThreshold <= threshold,
      "must not be more than threshold",
    ),
    ["negativeThreshold"],
  ),
  v.forward(
    v.check(({ minSilenceMs, speechPadMs = 0 }) => speechPadMs <= minSilenceMs, "must not be more than minSilenceMs"),
    ["speechPadMs"],
  ),
);

type Options = v.InferOutput<typeof params>;

/**
 * Finds speech with the Silero network, which sees 32 ms (512 samples) at a time.
 *
 * Takes audio of 16 kHz, mono, of any sample format and any chunk size, and
 * gives audio as f32. How the audio was cut into chunks changes nothing.
 *
 * - Port `out`, mode `"annotate"`: all audio, sample for sample and without
 *   delay, in windows of 512 samples (the last may be shorter), with the
 *   metadata `speechProbability` (0 to 1) and `speech`. That flag judges each
 *   window by the two thresholds alone.
 * - Port `out`, mode `"speech"`: only the windows and parts of windows that
 *   lie between a start and an end as reported on `events`.
 * - Port `out`, mode `"utterances"`: the same, one window later, and with
 *   `utterance: { index, isLast }` in the metadata of each piece, for what has
 *   to know when somebody has finished speaking, such as the nodes of `asr`.
 * - Port `events`: `{ event: "speech-start" | "speech-end", timestampUs, probability }`.
 *   The timestamp is that of the sample where padded speech begins or ends;
 *   the event itself comes when that is certain, `minSpeechMs` or
 *   `minSilenceMs` later. The probability is that of the window that decided.
 *
 * Timestamps count on from the latest chunk that had one, else from 0. A flush
 * of the session begins a new stream: speech that was going on gets no end.
 *
 * @throws {StreamrackError} `invalid-data` for another sample rate, more channels, or samples that are not finite.
 */
export const silero: Plugin["nodes"][number] = defineNode({
  type: "vad.silero",
  summary: "Detects speech: annotates 16 kHz mono audio, or passes speech only, and reports starts and ends.",
  params,
  inputs: { in: ["audio"] },
  outputs: { out: ["audio"], events: ["json"] },
  async create({ params, signal }) {
    const model = await loadModel();
    const options = {
      mode: params.mode,
      detector: detectorOptions(params),
      maxUtteranceSamples: toSamples(params.maxUtteranceMs),
      signal,
    };
    const newListener = () => new SpeechListener(model.stream(), options);
    let listener = newListener();
    let windower = new Windower();
    return {
      async *process(audio) {
        for (const window of windower.push(toSpeechFormat(audio))) yield* listener.hear(window);
      },
      async *flush() {
        for (const window of windower.flush()) yield* listener.hear(window);
        yield* listener.end();
      },
      reset() {
        listener = newListener();
        windower = new Windower();
      },
    };
  },
});

function detectorOptions(options: Options): DetectorOptions {
  const { threshold, minSpeechMs, minSilenceMs } = options;
  const {
    negativeThreshold = Math.max(Math.min(threshold, NEGATIVE_THRESHOLD_MIN), threshold - NEGATIVE_THRESHOLD_GAP),
    speechPadMs = Math.min(SPEECH_PAD_DEFAULT_MS, minSilenceMs),
  } = options;
  return {
    threshold,
    negativeThreshold,
    minSpeechSamples: toSamples(minSpeechMs),
    minSilenceSamples: toSamples(minSilenceMs),
    padSamples: toSamples(speechPadMs),
  };
}

function toSamples(ms: number): number {
  return Math.round(ms * SAMPLE_RATE_HZ / 1000);
}

function toSpeechFormat(audio: AudioData): AudioDataOf<"f32"> {
  const problems: Problem[] = [];
  const expect = (holds: boolean, path: string, received: number | undefined, expected: string) => {
    if (!holds) problems.push({ path, message: "is not what the network takes", received: `${received}`, expected });
  };
  expect(audio.sampleRate === SAMPLE_RATE_HZ, "sampleRate", audio.sampleRate, `${SAMPLE_RATE_HZ}`);
  expect(audio.channels === 1, "channels", audio.channels, "1");
  if (problems.length > 0) {
    throw new StreamrackError("invalid-data", "vad.silero takes 16 kHz mono audio", {
      problems,
      remedy: "Put audio.resample with sampleRateHz 16000 and audio.channels with channels 1 in front of it.",
    });
  }
  const floats = convertFormat(audio, "f32");
  // One such sample would stay in the memory of the network for the rest of the stream.
  const bad = floats.samples.findIndex((sample) => !Number.isFinite(sample));
  expect(bad === -1, `samples[${bad}]`, floats.samples[bad], "a finite number");
  if (problems.length > 0) throw new StreamrackError("invalid-data", "the audio cannot be judged", { problems });
  return floats;
}
