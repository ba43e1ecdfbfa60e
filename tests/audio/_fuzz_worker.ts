/**
 * Decodes whatever it is given, in a thread that can be ended if it hangs.
 *
 * @module
 */

import process from "node:process";
import { parentPort } from "node:worker_threads";
import { openAudio } from "../../audio/mod.ts";
import { StreamrackError } from "../../core/errors.ts";
import type { FuzzInput, FuzzOutcome } from "./_fuzz.ts";

async function decode({ bytes, onDamage, format }: FuzzInput): Promise<Omit<FuzzOutcome, "id" | "rssBytes">> {
  let frames = 0;
  try {
    const reader = await openAudio(bytes, { onDamage, format, name: "fuzz" });
    for await (const { samples, channels } of reader.chunks(4096)) {
      frames += samples.length / channels;
      for (const sample of samples) if (sample - sample !== 0) return { frames, end: "not-finite" };
    }
    return { frames, end: reader.damage === undefined ? "whole" : `part, marked ${reader.damage.reason}` };
  } catch (error) {
    if (StreamrackError.is(error)) return { frames, end: frames > 0 ? `part, then ${error.reason}` : error.reason };
    return { frames, end: "foreign", message: String((error as Error)?.stack ?? error) };
  }
}

// Nothing of a library may reach the console of the application.
const printed: string[] = [];
for (const level of ["error", "warn", "log"] as const) {
  console[level] = (...parts) => void printed.push(parts.join(" "));
}

parentPort?.on("message", async (input: FuzzInput) => {
  const outcome = await decode(input);
  const end = printed.length > 0 ? `printed ${printed.splice(0).join("; ")}` : outcome.end;
  parentPort?.postMessage({ ...outcome, end, id: input.id, rssBytes: process.memoryUsage().rss } satisfies FuzzOutcome);
});
