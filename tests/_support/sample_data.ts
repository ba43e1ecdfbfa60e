import { RuntimeData } from "../../core/plugin.ts";

/** One value of each kind, in the order of `DATA_KINDS`. */
export const SAMPLE_DATA: readonly RuntimeData[] = [
  RuntimeData.audio({ samples: Int16Array.of(1, 2, 3, 4), sampleRate: 8000, channels: 2, timestampUs: 5 }),
  RuntimeData.text("hello", { language: "en" }),
  RuntimeData.json({ a: [1, null] }, { metadata: { from: "test" } }),
  RuntimeData.binary(Uint8Array.of(1, 2, 3), { mimeType: "image/png" }),
  RuntimeData.tensor({ data: Float32Array.of(1, 2), shape: [1, 2] }),
  RuntimeData.video({ pixels: new Uint8Array(6), width: 3, height: 2, pixelFormat: "gray8", frameNumber: 9 }),
  RuntimeData.file({ path: "a.wav", sizeBytes: 44 }),
  RuntimeData.control({ op: "batch-hint", batchSize: 4 }),
];
