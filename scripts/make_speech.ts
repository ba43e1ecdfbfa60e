/**
 * Makes `examples/demo/speech.wav`: two spoken sentences with pauses around
 * them, 44.1 kHz, mono, 16 bit.
 *
 * The voice is Flite's "slt", whose output may be used freely. Needs the
 * Debian packages `flite` and `sox`.
 *
 * Run with `deno run -A scripts/make_speech.ts`, or with bun or node.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const TARGET = fileURLToPath(new URL("../examples/demo/speech.wav", import.meta.url));

/** What is said, and the silence in front of it, in seconds. */
const SENTENCES = [
  { pauseSeconds: 0.5, text: "Welcome to Streamrack." },
  { pauseSeconds: 0.8, text: "Every plugin has its own worker." },
];
const LAST_PAUSE_SECONDS = 0.5;

const folder = mkdtempSync(join(tmpdir(), "streamrack-speech-"));
try {
  const parts = SENTENCES.map(({ pauseSeconds, text }, i) => {
    const spoken = join(folder, `${i}-spoken.wav`);
    const padded = join(folder, `${i}-padded.wav`);
    execFileSync("flite", ["-voice", "slt", "-t", text, "-o", spoken]);
    execFileSync("sox", [spoken, padded, "pad", `${pauseSeconds}`]);
    return padded;
  });
  // -R makes sox draw the same dither every time, so that the file does not change without need.
  const effects = ["pad", "0", `${LAST_PAUSE_SECONDS}`, "norm", "-3", "rate", "-v", "44100"];
  execFileSync("sox", ["-R", ...parts, "-b", "16", "-c", "1", TARGET, ...effects]);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
