import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { byteLength } from "../../../core/data/transfer.ts";
import type { FlowLimits, Item } from "../../../core/flow/item.ts";
import { Lease } from "../../../core/flow/lease.ts";
import { RuntimeData } from "../../../core/plugin.ts";
import { turns, WAYS } from "./_link_kit.ts";
import { type Delivered, isDeath, MortalLink } from "./_mortal_link.ts";
import { audioOf } from "./_ring_kit.ts";

const RUNS = 250;
/** Turns of the event loop after which a passage counts as stuck: far more than any takes. */
const TURNS_MAX = 20_000;

/** Ways that a value may take through a link. */
const KINDS = ["short", "long", "text", "tagged"] as const;
type Kind = (typeof KINDS)[number];

/** A value that tells its number. */
function valueOf(n: number, kind: Kind): RuntimeData {
  const timestampUs = n;
  switch (kind) {
    case "short":
      return audioOf(n * 40, { seed: n, timestampUs });
    case "long":
      return audioOf(20_000, { seed: n, timestampUs });
    case "text":
      return RuntimeData.text(`${n}`, { timestampUs });
    case "tagged":
      return { ...audioOf(16, { seed: n, timestampUs }), metadata: { n } };
  }
}

type Step = "write" | "read" | "release first" | "release last" | "turn" | "reader dies" | "writer dies" | "both die";

interface Scenario {
  /** Of each input. */
  readonly kinds: readonly Kind[];
  readonly limits: FlowLimits;
  readonly steps: readonly Step[];
}

const scenarios: fc.Arbitrary<Scenario> = fc.record({
  kinds: fc.array(fc.constantFrom(...KINDS, "short" as const), { maxLength: 24, size: "max" }),
  limits: fc.record({ items: fc.integer({ min: 1, max: 5 }), bytes: fc.constantFrom(1, 500, 1 << 20) }),
  steps: fc.array(
    fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom<Step>("write", "write", "read", "read", "turn") },
      { weight: 4, arbitrary: fc.constantFrom<Step>("release first", "release last") },
      { weight: 1, arbitrary: fc.constantFrom<Step>("reader dies", "writer dies", "both die") },
    ),
    { maxLength: 90, size: "max" },
  ),
});

/**
 * A node that answers each of its inputs with one value, a link, and a node
 * that reads from it. When the first dies, the next one begins with the first
 * input that is not done with; where nothing is kept, with the one that follows.
 */
class Passage {
  readonly #scenario: Scenario;
  readonly #keeps: boolean;
  readonly link: MortalLink;
  /** Numbers of the inputs whose values were read, in order. */
  readonly delivered: number[] = [];
  /** Inputs that are done with. */
  readonly #done = new Set<number>();
  readonly #held: Delivered[] = [];
  /** How often the value of each input was taken, by whichever reader. */
  readonly #taken = new Map<number, number>();
  /** Writers, and readers, that have died. */
  #writers = 0;
  #readers = 0;
  #nextInput = 0;
  #sequence = 0;
  #lastSequence = -1;
  #hasEnded = false;
  #isAtEnd = false;
  #writing: Promise<void> | undefined;
  #reading: Promise<void> | undefined;
  /** The first thing that was found wrong while nobody waited for it. */
  #fault: unknown;

  constructor(scenario: Scenario, { shared, keeps }: { readonly shared: boolean; readonly keeps: boolean }) {
    this.#scenario = scenario;
    this.#keeps = keeps;
    this.link = new MortalLink({ shared, keeps, limits: scenario.limits });
  }

  async run(step: Step): Promise<void> {
    if (this.#fault !== undefined) throw this.#fault;
    if (this.link.isFinished) return;
    switch (step) {
      case "write":
        return this.write();
      case "read":
        return this.read();
      case "release first":
        return this.#held.shift()?.release();
      case "release last":
        return this.#held.pop()?.release();
      case "turn":
        return await turns(1);
      case "reader dies":
        return await this.readerDies();
      case "writer dies":
        return await this.writerDies();
      case "both die":
        await this.writerDies();
        if (!this.link.isFinished) await this.readerDies();
    }
  }

  /** Writes the value of the next input, or the end, unless a write is under way. */
  write(): void {
    if (this.#writing !== undefined || this.#hasEnded) return;
    if (this.#nextInput === this.#scenario.kinds.length) {
      this.#hasEnded = true;
      return this.link.writer.end();
    }
    const input = this.#nextInput++;
    const writer = this.#writers;
    const data = valueOf(input, this.#scenario.kinds[input] as Kind);
    let releases = 0;
    const lease = new Lease(() => {
      releases += 1;
      if (releases > 1) this.#fault ??= new Error(`the lease of input ${input} was released again`);
      if (writer === this.#writers) this.#done.add(input);
    });
    const plain: Item = { data, sequence: this.#sequence++, epoch: 0, bytes: byteLength(data) };
    const written = this.link.writer.write(this.#keeps ? { ...plain, lease } : plain);
    const ended = () => {
      if (writer === this.#writers) this.#writing = undefined;
    };
    this.#writing = written?.then(ended, (error) => {
      if (!isDeath(error) || writer === this.#writers) this.#fault ??= error;
    });
  }

  /** Reads the next value, unless a read is under way. */
  read(): void {
    if (this.#reading !== undefined || this.#isAtEnd) return;
    const reader = this.#readers;
    this.#reading = this.link.read().then((delivered) => {
      if (delivered !== undefined) this.#noteTaken(delivered);
      // A reader that has died in this very turn has taken it with it.
      if (reader !== this.#readers) return;
      this.#reading = undefined;
      if (delivered === undefined) this.#isAtEnd = true;
      else this.#take(delivered);
    }).catch((error) => {
      if (!isDeath(error) || reader === this.#readers) this.#fault ??= error;
    });
  }

  #noteTaken({ item: { data, takenBefore = 0 } }: Delivered): void {
    const input = data.timestampUs as number;
    const times = this.#taken.get(input) ?? 0;
    assert.ok(takenBefore <= times, `the value of input ${input} was taken ${times} times, not ${takenBefore}`);
    this.#taken.set(input, times + 1);
  }

  #take(delivered: Delivered): void {
    const { data, sequence } = delivered.item;
    const input = data.timestampUs as number;
    assert.deepEqual(data, valueOf(input, this.#scenario.kinds[input] as Kind), "a value is whole");
    assert.ok(sequence > this.#lastSequence, "a reader meets sequence numbers in order");
    this.#lastSequence = sequence;
    this.delivered.push(input);
    if (this.#keeps) this.#held.push(delivered);
  }

  async readerDies(): Promise<void> {
    this.#readers += 1;
    this.#held.length = 0;
    this.#lastSequence = -1;
    const reading = this.#reading;
    await this.link.readerDies();
    await reading;
    this.#reading = undefined;
    if (!this.link.isFinished) this.#isAtEnd = false;
  }

  async writerDies(): Promise<void> {
    this.#writers += 1;
    const writing = this.#writing;
    const sequence = await this.link.writerDies();
    await writing;
    this.#writing = undefined;
    if (sequence === undefined) return;
    this.#hasEnded = false;
    if (!this.#keeps) {
      // The gap shows that something may be missing.
      this.#sequence = sequence + 1;
      return;
    }
    this.#sequence = sequence;
    this.#nextInput = 0;
    while (this.#done.has(this.#nextInput)) this.#nextInput += 1;
  }

  /** Nobody dies any more: everything comes to its end. */
  async finish(): Promise<void> {
    const isOver = () => this.#hasEnded && this.#isAtEnd && this.#held.length === 0;
    for (let turn = 0; !this.link.isFinished && !isOver(); turn++) {
      if (this.#fault !== undefined) throw this.#fault;
      assert.ok(turn < TURNS_MAX, "it comes to no end");
      this.write();
      this.read();
      this.#held.shift()?.release();
      await turns(1);
    }
    for (const { release } of this.#held) release();
    if (!this.link.isFinished) await this.link.writer.closed;
    await this.#writing;
    await this.#reading;
    if (this.#fault !== undefined) throw this.#fault;
    assert.deepEqual(this.link.violations, []);
    if (this.#keeps && !this.link.isFinished) {
      assert.equal(this.#done.size, this.#scenario.kinds.length, "all inputs are done with");
    }
    this.link.close();
  }
}

const firsts = (numbers: readonly number[]) => [...new Set(numbers)];
const numbersOf = ({ kinds }: Scenario) => kinds.map((_, n) => n);

for (const { name, shared } of WAYS) {
  describe(`a link whose ends die (${name})`, () => {
    it("that keeps: gives every value at least once, the first time in order, releases each once, and ends", async () => {
      await fc.assert(
        fc.asyncProperty(scenarios, async (scenario) => {
          const passage = new Passage(scenario, { shared, keeps: true });
          for (const step of scenario.steps) await passage.run(step);
          await passage.finish();
          assert.deepEqual(firsts(passage.delivered), numbersOf(scenario));
        }),
        { numRuns: RUNS, seed: 35 },
      );
    });

    it("that keeps nothing: gives every value at most once, in order, and ends", async () => {
      await fc.assert(
        fc.asyncProperty(scenarios, async (scenario) => {
          const passage = new Passage(scenario, { shared, keeps: false });
          for (const step of scenario.steps) await passage.run(step);
          await passage.finish();
          const { delivered } = passage;
          assert.deepEqual(delivered, [...firsts(delivered)].sort((a, b) => a - b));
          if (!scenario.steps.some((step) => step.includes("die"))) assert.deepEqual(delivered, numbersOf(scenario));
        }),
        { numRuns: RUNS, seed: 36 },
      );
    });
  });
}
