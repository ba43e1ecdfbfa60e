import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { StreamrackError } from "../../core/errors.ts";
import { CircuitBreaker } from "../../workers/circuit_breaker.ts";
import { thrownBy } from "../_support/errors.ts";

const CRASH = new StreamrackError("worker-crashed", "it crashed", { nodeId: "n", pluginName: "p" });

/** A breaker on a clock that stands still until it is moved. */
class Breaker {
  nowMs = 1_000;
  readonly breaker: CircuitBreaker;

  constructor(maxCrashes: number) {
    this.breaker = new CircuitBreaker("g", { maxCrashes, windowMs: 100, coolDownMs: 50 }, () => this.nowMs);
  }

  crash(...timesMs: number[]): void {
    for (const ms of timesMs) {
      this.nowMs = 1_000 + ms;
      this.breaker.note(CRASH);
    }
  }

  /** Whether the group may be started at a time. */
  isClosedAt(ms: number): boolean {
    this.nowMs = 1_000 + ms;
    try {
      this.breaker.check();
      return true;
    } catch {
      return false;
    }
  }
}

describe("CircuitBreaker", () => {
  it("lets everything pass until there were too many crashes", () => {
    const breaker = new Breaker(3);
    assert.ok(breaker.isClosedAt(0));
    breaker.crash(0, 10);
    assert.ok(breaker.isClosedAt(10));
    breaker.crash(20);
    assert.equal(breaker.isClosedAt(20), false);
  });

  it("counts those within the window only", () => {
    const breaker = new Breaker(2);
    breaker.crash(0, 100, 200, 300);
    assert.ok(breaker.isClosedAt(300));
    breaker.crash(399);
    assert.equal(breaker.isClosedAt(399), false);
  });

  it("says who crashed, why, and when to come back", () => {
    const breaker = new Breaker(1);
    breaker.crash(0);
    const error = thrownBy(() => breaker.breaker.check());
    assert.deepEqual([error.reason, error.code, error.retryable], ["plugin-unavailable", "unavailable", true]);
    assert.deepEqual([error.nodeId, error.pluginName, error.cause], ["n", "p", CRASH]);
    assert.match(error.message, /group "g" have crashed 1 times/);
    assert.match(error.remedy ?? "", /another 1 s/);
  });

  it("serves again after the cool-down; one more crash takes it out again", () => {
    const breaker = new Breaker(2);
    breaker.crash(0, 90);
    assert.equal(breaker.isClosedAt(139), false);
    assert.ok(breaker.isClosedAt(140));
    breaker.crash(200);
    assert.equal(breaker.isClosedAt(249), false);
    assert.ok(breaker.isClosedAt(250));
  });

  it("forgets what is long past, also after it was out of service", () => {
    const breaker = new Breaker(2);
    breaker.crash(0, 1);
    breaker.crash(1_000);
    assert.ok(breaker.isClosedAt(1_000));
  });

  it("stays out for longer with each crash of what still runs", () => {
    const breaker = new Breaker(1);
    breaker.crash(0, 40);
    assert.equal(breaker.isClosedAt(60), false);
    assert.ok(breaker.isClosedAt(90));
  });
});
