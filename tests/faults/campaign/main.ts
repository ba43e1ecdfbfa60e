/**
 * The fault campaign on the runtime that runs this: rounds in random order
 * from a seed. Prints what it counted as JSON, one object in the last line.
 *
 * @module
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import type { CampaignResult } from "../../../scripts/lib/campaign_report.ts";
import { createRuntime, type Runtime, RuntimeData, type Session, type SessionOutput } from "../../../mod.ts";
import { runtimeInfo } from "../../../workers/adapters/runtime_info.ts";
import { testPlugin } from "../../_support/runtime.ts";
import { drawRound, manifestOf, type Round } from "./plan.ts";
import { Breach, runRound } from "./round.ts";

/** Rounds that one runtime serves before it is closed. */
const ROUNDS_PER_RUNTIME = 25;

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    rounds: { type: "string", default: "100" },
    minutes: { type: "string", default: "Infinity" },
    lanes: { type: "string", default: "2" },
    verbose: { type: "boolean", default: false },
  },
});
const hasHeapLimit = runtimeInfo().limitsWorkerHeap;
const endMs = performance.now() + Number(values.minutes) * 60_000;
const firstSeed = Number(values.seed);
const lastSeed = firstSeed + Number(values.rounds) - 1;
const folder = await mkdtemp(join(tmpdir(), "streamrack-faults-"));
const faults: Record<string, Record<string, number>> = {};
const breaches: { seed: number; message: string }[] = [];
const running = new Set<number>();
let nextSeed = firstSeed;
let rounds = 0;
let restarts = 0;

/** A runtime, and a session of another group that must not notice anything. */
class Rack {
  readonly #runtime: Runtime;
  readonly #bystander: Session;
  readonly #answers: AsyncIterator<SessionOutput>;
  rounds = 0;

  private constructor(runtime: Runtime, bystander: Session) {
    this.#runtime = runtime;
    this.#bystander = bystander;
    this.#answers = bystander[Symbol.asyncIterator]();
  }

  static async open(sharedMemory: boolean): Promise<Rack> {
    const runtime = await createRuntime({
      plugins: [testPlugin("crash")],
      workerEntry: new URL("../../_support/hostile_entry.ts", import.meta.url),
      sharedMemory,
      maxThreads: 3,
      killGraceMs: 3_000,
      onLog: () => {},
      ...(hasHeapLimit ? { maxHeapMb: 64 } : {}),
    });
    const node = { id: "bystander", node_type: "util.passthrough" };
    return new Rack(runtime, await runtime.open({ version: "v1", nodes: [node] }));
  }

  async run(round: Round): Promise<void> {
    this.rounds += 1;
    const result = await runRound(this.#runtime, manifestOf(round, join(folder, String(round.seed))), round);
    const { fault, action } = round;
    faults[fault] ??= {};
    const endings = faults[fault] as Record<string, number>;
    endings[result.ending] = (endings[result.ending] ?? 0) + 1;
    restarts += result.restarts;
    if (action === "close") this.rounds = ROUNDS_PER_RUNTIME;
    const isClosed = action === "close" && this.#bystander.state !== "open";
    if (!isClosed) await this.#checkBystander(round.seed);
  }

  async #checkBystander(seed: number): Promise<void> {
    await this.#bystander.send(RuntimeData.text(String(seed)));
    const { value } = await this.#answers.next();
    const answer = value === undefined ? undefined : RuntimeData.asText(value.data);
    if (answer !== String(seed)) throw new Breach(`the bystander answered ${answer}`);
  }

  async close(): Promise<void> {
    await this.#runtime.close();
  }
}

/** Runs rounds one after the other, until there are no more. */
async function runLane(): Promise<void> {
  const racks = new Map<boolean, Rack>();
  while (nextSeed <= lastSeed && performance.now() < endMs && breaches.length < 5) {
    const seed = nextSeed++;
    const round = drawRound(seed, hasHeapLimit);
    if (values.verbose) console.error(JSON.stringify(round));
    running.add(seed);
    try {
      const rack = racks.get(round.sharedMemory) ?? await Rack.open(round.sharedMemory);
      racks.set(round.sharedMemory, rack);
      await rack.run(round);
      rounds += 1;
      if (rack.rounds < ROUNDS_PER_RUNTIME) continue;
      await rack.close();
      racks.delete(round.sharedMemory);
    } catch (thrown) {
      const message = thrown instanceof Breach ? thrown.message : String((thrown as Error)?.stack ?? thrown);
      breaches.push({ seed, message: `${message}\n${JSON.stringify(round)}` });
      console.error(`breach in the round of seed ${seed}: ${message}`);
      const rack = racks.get(round.sharedMemory);
      racks.delete(round.sharedMemory);
      await rack?.close();
    } finally {
      running.delete(seed);
    }
  }
  for (const rack of racks.values()) await rack.close();
}

for (const event of ["unhandledRejection", "uncaughtException"] as const) {
  process.on(event, (thrown: unknown) => {
    const message = `${event}: ${(thrown as Error)?.stack ?? thrown}`;
    for (const seed of running) breaches.push({ seed, message });
  });
}
const progress = setInterval(() => console.error(`${rounds} rounds, ${breaches.length} breaches`), 10_000);
await Promise.all(Array.from({ length: Number(values.lanes) }, runLane));
clearInterval(progress);
await rm(folder, { recursive: true, force: true });
console.log(JSON.stringify({ rounds, restarts, faults, breaches } satisfies CampaignResult));
// What is left over now keeps the process from ending, and is found out by whoever waits for that.
if (breaches.length > 0) process.exitCode = 1;
