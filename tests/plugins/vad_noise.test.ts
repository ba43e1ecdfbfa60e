/** Noise that goes on and on: what is kept of it does not grow. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type AudioData, RuntimeData } from "../../core/plugin.ts";
import { SpeechListener, type SpeechListenerOptions } from "../../plugins/vad/listener.ts";
import { loadModel, SAMPLE_RATE_HZ as RATE, WINDOW_SAMPLES } from "../../plugins/vad/model.ts";
import { silero } from "../../plugins/vad/silero.ts";
import { moved } from "../../plugins/vad/windows.ts";
import { runNode } from "../../testing/mod.ts";
import { Random } from "../_support/random.ts";

const WINDOWS_PER_MINUTE = Math.ceil(60 * RATE / WINDOW_SAMPLES);
const START = { sample: 0, timestampUs: 0 };

/** How sure a network might be of what it hears, window by window. */
const NOISES: { readonly [name: string]: (random: Random, window: number) => number } = {
  "nothing": () => 0,
  "speech without end": () => 1,
  "anything at all": (random) => random.unit(),
  "a stutter": (_, window) => window % 8 < 7 ? 0.9 : 0.1,
  "bursts with long pauses": (_, window) => window % 400 < 20 ? 0.9 : 0,
};

const thresholds = { threshold: 0.5, negativeThreshold: 0.35 };
const LISTENERS: readonly (Pick<SpeechListenerOptions, "mode" | "detector"> & { readonly minutes: number })[] = [
  {
    mode: "speech",
    detector: { ...thresholds, minSpeechSamples: 4000, minSilenceSamples: 3200, padSamples: 1024 },
    minutes: 60,
  },
  {
    mode: "utterances",
    // The longest that each may be: 10 s. What it holds takes longer to look through.
    detector: { ...thresholds, minSpeechSamples: 160_000, minSilenceSamples: 160_000, padSamples: 160_000 },
    minutes: 6,
  },
];
const maxUtteranceSamples = 30 * RATE;

describe("noise that goes on for long", () => {
  for (const [name, noise] of Object.entries(NOISES)) {
    for (const { mode, detector, minutes } of LISTENERS) {
      it(`takes no more memory than a moment of it: ${name}, ${minutes} min, mode ${mode}`, async () => {
        const { minSpeechSamples, minSilenceSamples, padSamples } = detector;
        const bound = minSpeechSamples + minSilenceSamples + padSamples + 2 * WINDOW_SAMPLES;
        const { signal } = new AbortController();
        const random = new Random(1);
        let window = 0;
        const judge = () => Promise.resolve(noise(random, window));
        const listener = new SpeechListener(judge, { mode, detector, maxUtteranceSamples, signal });
        const samples = new Float32Array(WINDOW_SAMPLES);
        let [utterance, longest] = [0, 0];
        for (; window < minutes * WINDOWS_PER_MINUTE; window++) {
          const start = moved(START, window * WINDOW_SAMPLES);
          for await (const { out } of listener.hear({ start, samples, metadata: undefined })) {
            if (out === undefined) continue;
            utterance += out.samples.length;
            longest = Math.max(longest, utterance);
            if ((out.metadata?.["utterance"] as { isLast: boolean } | undefined)?.isLast === true) utterance = 0;
          }
          if (window % 16 === 0) assert.ok(listener.heldSamples <= bound, `${listener.heldSamples} samples are held`);
        }
        if (mode === "utterances") assert.ok(longest <= maxUtteranceSamples + WINDOW_SAMPLES, `${longest}`);
      });
    }
  }
});

describe("a minute of noise", () => {
  it("is no speech for the network, whose memory stays as it is", async () => {
    const memories: WebAssembly.Memory[] = [];
    const { Memory } = WebAssembly;
    class SeenMemory extends Memory {
      constructor(descriptor: WebAssembly.MemoryDescriptor) {
        super(descriptor);
        memories.push(this);
      }
    }
    // The only way to see the memory of the network from outside: it is made when the network is loaded.
    Object.assign(WebAssembly, { Memory: SeenMemory });
    const bytes = () => memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
    const random = new Random(2);
    let early = 0;
    async function* minute(): AsyncGenerator<AudioData> {
      for (let second = 0; second < 60; second++) {
        const samples = Float32Array.from({ length: RATE }, () => random.unit() / 5 - 0.1);
        yield RuntimeData.audio({ samples, sampleRate: RATE });
        // Some of it waits in a queue: the network has judged about half of that.
        if (second === 30) early = bytes();
      }
    }
    try {
      await loadModel();
      const { outputs } = await runNode(silero, minute(), { params: { mode: "utterances" } });
      assert.deepEqual(Object.values(outputs).flat(), []);
    } finally {
      Object.assign(WebAssembly, { Memory });
    }
    assert.ok(early > 0, "the memory of the network was not seen");
    assert.equal(bytes(), early);
  });
});
