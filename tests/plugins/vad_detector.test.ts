import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type DetectorOptions, SpeechDetector, type SpeechEvent } from "../../plugins/vad/detector.ts";
import { SpeechGate } from "../../plugins/vad/gate.ts";
import { moved, Windower } from "../../plugins/vad/windows.ts";
import { RuntimeData } from "../../core/plugin.ts";

const OPTIONS: DetectorOptions = {
  threshold: 0.5,
  negativeThreshold: 0.3,
  minSpeechSamples: 200,
  minSilenceSamples: 200,
  padSamples: 50,
};
const ZERO = { sample: 0, timestampUs: 0 };

/** Judges windows of 100 samples with the given probabilities; lists the events as "window:+sample" and "window:-sample". */
function detect(probabilities: readonly number[], options: Partial<DetectorOptions> = {}): string[] {
  const detector = new SpeechDetector({ ...OPTIONS, ...options });
  const show = (i: number | string, events: SpeechEvent[]) =>
    events.map(({ event, at }) => `${i}:${event === "speech-start" ? "+" : "-"}${at.sample}`);
  const seen = probabilities.flatMap((p, i) => show(i, detector.push(p, moved(ZERO, i * 100), 100)));
  return [...seen, ...show("end", detector.flush())];
}

describe("SpeechDetector", () => {
  it("reports padded starts and ends when they are certain", () => {
    assert.deepEqual(detect([0, 0, 1, 1, 1, 0, 0, 0]), ["3:+150", "6:-550"]);
  });

  it("needs the upper threshold to begin, and goes on above the lower one", () => {
    assert.deepEqual(detect([0.4, 0.4, 0.4, 0.4]), []);
    assert.deepEqual(detect([0, 0.5, 0.3, 0.3, 0.29, 0.29]), ["2:+50", "5:-450"]);
  });

  it("drops speech that is too short", () => {
    assert.deepEqual(detect([0, 1, 0, 0, 0]), []);
  });

  it("bridges silence that is too short", () => {
    assert.deepEqual(detect([0, 1, 0, 1, 1, 0, 1, 0, 0]), ["3:+50", "8:-750"]);
  });

  it("does not pad before the beginning of the stream, nor into the last speech", () => {
    assert.deepEqual(detect([1, 1, 0, 0]), ["1:+0", "3:-250"]);
    const close = { padSamples: 200 };
    assert.deepEqual(detect([0, 0, 1, 1, 0, 0, 1, 1, 0, 0], close), ["3:+0", "5:-600", "7:+600", "9:-1000"]);
  });

  it("ends open speech at the end of the stream", () => {
    assert.deepEqual(detect([0, 1, 1]), ["2:+50", "end:-300"]);
    assert.deepEqual(detect([0, 1, 1, 0]), ["2:+50", "end:-350"]);
    assert.deepEqual(detect([0, 0, 1]), []);
    assert.deepEqual(detect([]), []);
  });

  it("tells the probability of the window that decided, and its media time", () => {
    const detector = new SpeechDetector(OPTIONS);
    const start = { sample: 0, timestampUs: 1_000_000 };
    const events = [0.1, 0.8, 0.9].flatMap((p, i) => detector.push(p, moved(start, i * 100), 100));
    assert.deepEqual(events, [
      { event: "speech-start", at: { sample: 50, timestampUs: 1_003_125 }, probability: 0.9 },
    ]);
  });
});

describe("Windower", () => {
  it("gives the time of the sample with which a window begins", () => {
    const windower = new Windower();
    const chunk = (length: number, timestampUs?: number) =>
      RuntimeData.audio({
        samples: new Float32Array(length),
        sampleRate: 16_000,
        ...(timestampUs === undefined ? {} : { timestampUs }),
      });
    const windows = [
      ...windower.push(chunk(600, 500)),
      ...windower.push(chunk(600)),
      ...windower.push(chunk(100, 9_000_000)),
      ...windower.flush(),
    ];
    assert.deepEqual(windows.map(({ start }) => start.sample), [0, 512, 1024]);
    assert.deepEqual(windows.map(({ start }) => start.timestampUs), [500, 500 + 512 * 62.5, 500 + 1024 * 62.5]);
    assert.deepEqual(windows.map(({ samples }) => samples.length), [512, 512, 276]);
  });
});

describe("SpeechGate", () => {
  it("passes parts of windows, each sample at most once", () => {
    const gate = new SpeechGate();
    for (let i = 0; i < 3; i++) {
      const samples = Float32Array.from({ length: 4 }, (_, k) => 4 * i + k);
      gate.push({ start: moved(ZERO, 4 * i), samples, metadata: undefined });
    }
    gate.drop(2);
    assert.deepEqual(gate.pass(5).map(({ samples }) => [...samples]), [[2, 3], [4]]);
    assert.deepEqual(gate.pass(5), []);
    assert.deepEqual(gate.pass(12).map(({ samples, timestampUs }) => [[...samples], timestampUs]), [
      [[5, 6, 7], 312.5],
      [[8, 9, 10, 11], 500],
    ]);
  });
});
