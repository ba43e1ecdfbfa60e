/**
 * The program of `deno task fuzz:links`: the long form of the fuzz of rings
 * and messages, on the runtime that runs it. Prints what it counted.
 *
 * `--rounds <count>` (default 400), `--seed <number>` (default 1). A round that
 * fails is printed with its seed, and drawn again with it.
 *
 * @module
 */

import process from "node:process";
import { parseArgs } from "node:util";
import { fuzzMessages } from "./_fuzz_messages.ts";
import { fuzzRing } from "./_fuzz_ring.ts";

/** A round of messages is a session, which takes as long as many rounds of a ring. */
const RING_ROUNDS_PER_SESSION = 5;

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "400" }, seed: { type: "string", default: "1" } },
});
const [rounds, seed] = [Number(values.rounds), Number(values.seed)];
let failures = 0;
const fail = (what: string, error: unknown) => {
  failures += 1;
  console.log(`FAILED ${what}: ${error instanceof Error ? error.stack : String(error)}`);
};
const count = (endings: { readonly [ending: string]: number }) =>
  Object.entries(endings).sort(([, a], [, b]) => b - a).map(([ending, times]) => `    ${times} × ${ending}`).join("\n");

/** One line on standard error now and then: a run takes long. */
let progressMs = performance.now();
const tell = (what: string) => {
  if (performance.now() - progressMs < 10_000) return;
  progressMs = performance.now();
  console.error(`… ${what}`);
};

const before = process.memoryUsage();
let at = seed;
try {
  const onRound = (drawn: number) => tell(`ring, seed ${at = drawn}`);
  const ringRounds = rounds * RING_ROUNDS_PER_SESSION;
  const { taken, written, endings } = await fuzzRing({ seed, rounds: ringRounds, onRound });
  console.log(`rings: ${ringRounds} rounds from seed ${seed}; ${taken} values taken, ${written} written`);
  console.log(count(endings));
} catch (error) {
  fail(`ring, seed ${at}`, error);
}
for (const sharedMemory of [true, false]) {
  const half = Math.ceil(rounds / 2);
  const report = await fuzzMessages({
    ...{ seed, rounds: half, sharedMemory },
    onRound: ({ how, seed }) => tell(`messages, ${how}, seed ${seed}`),
    onFailure: (attack, error) => fail(`${attack.how}, seed ${attack.seed}`, error),
  });
  console.log(`messages, ${sharedMemory ? "with" : "without"} shared memory: ${half} sessions from seed ${seed}`);
  for (const [how, endings] of Object.entries(report)) console.log(`  ${how}\n${count(endings)}`);
}
const after = process.memoryUsage();
const grown = (name: "rss" | "heapUsed" | "arrayBuffers") => Math.round((after[name] - before[name]) / 1e6);
console.log(`memory: ${grown("rss")} MB more, heap ${grown("heapUsed")} MB, buffers ${grown("arrayBuffers")} MB`);
console.log(failures === 0 ? "no failure" : `${failures} failures`);
process.exitCode = failures === 0 ? 0 : 1;
