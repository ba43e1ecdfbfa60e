/** Numbered values, sent through a session and found again. */

import { RuntimeData, type Session, type SessionOutput } from "../../mod.ts";

/** Sizes of values, in samples: one that goes through a ring, and one whose samples are posted on every runtime. */
export const SIZES = { small: 16, large: 8_192 } as const;

/** A size by its name, or both in turns of uneven length. */
export type Size = keyof typeof SIZES | "mixed";

/** Audio whose first sample is its number. */
export function numbered(n: number, size: Size = "small"): RuntimeData {
  const samples = new Float32Array(SIZES[size !== "mixed" ? size : n % 5 % 2 === 0 ? "small" : "large"]);
  samples[0] = n;
  samples[samples.length - 1] = n;
  return RuntimeData.audio({ samples, sampleRate: 8_000 });
}

/** The number of a value, once it is sure that the value is whole. */
export function numberOf({ data, isPartial }: Pick<SessionOutput, "data" | "isPartial">): number {
  if (isPartial) return RuntimeData.asJson(data) as number;
  const { samples } = RuntimeData.asAudio(data);
  const n = samples[0] as number;
  if (samples.at(-1) !== n) throw new Error(`value ${n} is not whole: it ends with ${samples.at(-1)}`);
  return n;
}

/** In which attempt the value was made. */
export function attemptOf({ data }: Pick<SessionOutput, "data">): number {
  return RuntimeData.asAudio(data).samples[1] as number;
}

/** Sends the values 0 to `count - 1`, one after the other, and finishes. */
export async function sendAll(session: Session, count: number, size: Size = "small", first = 0): Promise<void> {
  for (let n = first; n < first + count; n++) await session.send(numbered(n, size));
  await session.finish();
}

/** Sends so many values and gives all final outputs. */
export async function passAll(session: Session, count: number, size: Size = "small"): Promise<SessionOutput[]> {
  const sending = sendAll(session, count, size);
  // The reader is told what was wrong.
  sending.catch(() => {});
  const outputs: SessionOutput[] = [];
  for await (const output of session) if (!output.isPartial) outputs.push(output);
  await sending;
  return outputs;
}

/** Each number once, in the order in which they came first. */
export function firsts(outputs: readonly SessionOutput[]): number[] {
  return [...new Set(outputs.map(numberOf))];
}

/** The numbers from 0 to `count - 1`. */
export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n);
}
