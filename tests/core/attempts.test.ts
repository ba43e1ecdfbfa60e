import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { StreamrackError } from "../../core/errors.ts";
import { delayMs } from "../../core/flow/backoff.ts";
import { Attempts } from "../../core/pipeline/attempts.ts";
import { DEFAULT_POLICY, type NodePolicy } from "../../core/pipeline/policy.ts";
import { rejectionOf } from "../_support/errors.ts";
import { isSettled } from "../_support/promises.ts";

const BROKEN = new StreamrackError("node-failed", "it broke");
/** Longer than any test takes. */
const NEVER_MS = 3_600_000;

/** Attempts, what they told of failures, and what was interrupted. */
class Trial {
  readonly policy: NodePolicy;
  readonly controller = new AbortController();
  readonly told: string[] = [];
  readonly interrupts: StreamrackError[] = [];
  elapsedMs = 0;
  onInterrupt: (error: StreamrackError) => void = () => {};
  readonly attempts: Attempts;

  constructor({ retry, ...policy }: { retry?: Partial<NodePolicy["retry"]> } & Partial<Omit<NodePolicy, "retry">>) {
    this.policy = { ...DEFAULT_POLICY, ...policy, retry: { ...DEFAULT_POLICY.retry, initialDelayMs: 0, ...retry } };
    this.attempts = new Attempts({
      policy: this.policy,
      signal: this.controller.signal,
      elapsedMs: () => this.elapsedMs,
      interrupt: (error) => {
        this.interrupts.push(error);
        this.onInterrupt(error);
      },
      onFailure: (error, next) => this.told.push(`${next}: ${error.detail}`),
    });
  }

  /** Runs a step that fails so many times; gives the attempts that were made, those marked that were the last. */
  async run(failures: number, failed = 0): Promise<string[]> {
    const made: string[] = [];
    await this.attempts.run(failed, (attempt, isLast) => {
      made.push(isLast ? `${attempt} last` : `${attempt}`);
      if (failures-- > 0) throw BROKEN;
    });
    return made;
  }
}

describe("Attempts", () => {
  it("makes one attempt where it succeeds, and says that it is the last where no other is allowed", async () => {
    assert.deepEqual(await new Trial({}).run(0), ["1 last"]);
    assert.deepEqual(await new Trial({ retry: { maxAttempts: 3 } }).run(0), ["1"]);
  });

  it("tries again until it succeeds, and tells of each failure", async () => {
    const trial = new Trial({ retry: { maxAttempts: 3 } });
    assert.deepEqual(await trial.run(2), ["1", "2", "3 last"]);
    assert.deepEqual(trial.told, ["retry: it broke", "retry: it broke"]);
  });

  it("takes steps that fail later like those that fail at once", async () => {
    const trial = new Trial({ retry: { maxAttempts: 2 } });
    let count = 0;
    await trial.attempts.run(0, async () => {
      await Promise.resolve();
      if (count++ === 0) throw new RangeError("once");
    });
    assert.deepEqual([count, trial.told.length], [2, 1]);
  });

  it("fails with what the last attempt threw", async () => {
    const trial = new Trial({ retry: { maxAttempts: 2 } });
    assert.equal(await rejectionOf(trial.run(9)), BROKEN);
    assert.deepEqual(trial.told, ["retry: it broke", "fail: it broke"]);
  });

  it("leaves the input out where the policy says so", async () => {
    const trial = new Trial({ onError: "skip", retry: { maxAttempts: 2 } });
    assert.deepEqual(await trial.run(9), ["1", "2 last"]);
    assert.deepEqual(trial.told, ["retry: it broke", "skip: it broke"]);
  });

  it("counts the crashes that the input has seen as attempts", async () => {
    const trial = new Trial({ onError: "skip", retry: { maxAttempts: 3 } });
    assert.deepEqual(await trial.run(0, 2), ["3 last"]);
    assert.deepEqual(await trial.run(0, 3), []);
    assert.deepEqual(trial.told, ["skip: the input was there at 3 crashes"]);
    // Where inputs are not to be left out, it is given once more: the budget of restarts ends this.
    assert.deepEqual(await new Trial({ retry: { maxAttempts: 1 } }).run(0, 5), ["6 last"]);
  });

  it("ends its pause when it is interrupted, and then tries again: the input may have been flushed", async () => {
    const trial = new Trial({ retry: { maxAttempts: 2, initialDelayMs: NEVER_MS, maxDelayMs: NEVER_MS } });
    const run = trial.run(1);
    assert.equal(await isSettled(run), false);
    trial.attempts.interrupt();
    assert.deepEqual(await run, ["1", "2 last"]);
  });

  it("makes no further attempt once the session has ended", async () => {
    const trial = new Trial({ retry: { maxAttempts: 5, initialDelayMs: NEVER_MS, maxDelayMs: NEVER_MS } });
    let made = 0;
    const run = trial.attempts.run(0, () => {
      made += 1;
      throw BROKEN;
    });
    assert.equal(await isSettled(run), false);
    trial.controller.abort();
    trial.attempts.interrupt();
    assert.equal(await rejectionOf(run), BROKEN);
    assert.equal(made, 1);
  });

  it("neither tells nor skips what fails since the session has ended", async () => {
    const trial = new Trial({ onError: "skip", retry: { maxAttempts: 5 } });
    trial.controller.abort();
    assert.equal(await rejectionOf(trial.run(1)), BROKEN);
    assert.deepEqual(trial.told, []);
  });
});

describe("Attempts with a deadline", () => {
  /** A step that ends when it is interrupted: it throws what it was interrupted with, or returns. */
  const untilInterrupted = (trial: Trial, how: "throws" | "returns") => () =>
    new Promise<void>((resolve, reject) => {
      trial.onInterrupt = (error) => how === "throws" ? reject(error) : resolve();
      trial.elapsedMs = NEVER_MS;
    });

  for (const how of ["throws", "returns"] as const) {
    it(`is exceeded by a step that ${how} when it is interrupted`, async () => {
      const trial = new Trial({ deadlineMs: 1 });
      const error = await rejectionOf(trial.attempts.run(0, untilInterrupted(trial, how)));
      assert.equal(error.reason, "deadline-exceeded");
      assert.match(error.detail, /longer than 1 ms/);
      assert.deepEqual(trial.interrupts, [error]);
      assert.deepEqual(trial.told, [`fail: ${error.detail}`]);
    });
  }

  it("is for each attempt", async () => {
    const trial = new Trial({ deadlineMs: 1, onError: "skip", retry: { maxAttempts: 3 } });
    await trial.attempts.run(0, untilInterrupted(trial, "returns"));
    assert.deepEqual(trial.interrupts.length, 3);
    assert.deepEqual(trial.told.map((told) => told.split(":")[0]), ["retry", "retry", "skip"]);
  });

  it("does not count what the step has waited for room", async () => {
    const trial = new Trial({ deadlineMs: 1 });
    let looks = 0;
    await trial.attempts.run(0, () =>
      new Promise<void>((resolve) => {
        Object.defineProperty(trial, "elapsedMs", {
          get: () => {
            looks += 1;
            if (looks === 3) resolve();
            return 0;
          },
        });
      }));
    assert.ok(looks >= 3);
    assert.deepEqual(trial.interrupts, []);
  });

  it("gives up on a step that does not end although it is interrupted, and neither retries nor skips it", async () => {
    const trial = new Trial({ deadlineMs: 1, onError: "skip", retry: { maxAttempts: 3 } });
    let made = 0;
    const error = await rejectionOf(trial.attempts.run(0, () => {
      made += 1;
      trial.elapsedMs = NEVER_MS;
      return new Promise(() => {});
    }));
    assert.equal(error.reason, "node-stuck");
    assert.deepEqual([made, trial.interrupts.length, trial.told], [1, 1, []]);
  });

  it("throws what the step threw in time", async () => {
    const trial = new Trial({ deadlineMs: NEVER_MS });
    assert.equal(await rejectionOf(trial.run(1)), BROKEN);
    assert.deepEqual(await new Trial({ deadlineMs: NEVER_MS }).run(0), ["1 last"]);
  });
});

describe("delayMs", () => {
  const backoff = { initialDelayMs: 100, maxDelayMs: 5_000 };

  it("doubles up to the maximum, and is drawn from the upper half", () => {
    const failures = [1, 2, 3, 6, 7, 100, 1e9];
    const at = (share: number) => failures.map((count) => delayMs(backoff, count, () => share));
    assert.deepEqual(at(0), [50, 100, 200, 1_600, 2_500, 2_500, 2_500]);
    assert.deepEqual(at(1), [100, 200, 400, 3_200, 5_000, 5_000, 5_000]);
    assert.deepEqual(at(0.5).slice(0, 2), [75, 150]);
  });

  it("is within its bounds by default, and none where none is asked for", () => {
    for (let count = 1; count < 50; count++) {
      const ms = delayMs(backoff, count);
      assert.ok(ms >= 50 && ms <= 5_000);
    }
    assert.equal(delayMs({ initialDelayMs: 0, maxDelayMs: 0 }, 5), 0);
    assert.equal(delayMs({ initialDelayMs: 1_000, maxDelayMs: 10 }, 1, () => 1), 10);
  });
});
