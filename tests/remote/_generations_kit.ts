/** Two generations of the wire form, as their own clients would write them. */

import { V003, V004 } from "./_service_kit.ts";

export const PASS = { version: "v1", nodes: [{ id: "pass", nodeType: "PassThrough" }] };

export function show(value: unknown): string {
  return JSON.stringify(value, (_, v) => typeof v === "bigint" ? `${v}` : v);
}

/** Samples as they stand on the wire. */
export function f32(...samples: number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(samples).buffer);
}

export function audioBuffer(samples: readonly number[]) {
  const bytes = f32(...samples);
  return { samples: bytes, sampleRate: 16_000, channels: 1, format: 1, numSamples: BigInt(samples.length) };
}

export const SCHEMAS_003 = [V003.ExecuteRequestSchema, V003.ExecuteResponseSchema] as const;
export const SCHEMAS_004 = [V004.ExecuteRequestSchema, V004.ExecuteResponseSchema] as const;
export const STREAM_003 = [V003.StreamRequestSchema, V003.StreamResponseSchema] as const;
export const STREAM_004 = [V004.StreamRequestSchema, V004.StreamResponseSchema] as const;
