import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { isRingDue, ringNow, ringSoon } from "../../core/flow/doorbells.ts";
import { nextTurn } from "../../core/flow/pacer.ts";
import { setCrowding, Vigil } from "../../core/flow/vigil.ts";

/** Keeps a vigil in which nothing comes, and gives how often it looked. */
async function looksOf(vigil: Vigil, mustSleep?: () => boolean): Promise<number> {
  let looks = 0;
  await vigil.keep(() => {
    looks += 1;
    return false;
  }, mustSleep);
  return looks;
}

/** A clock that goes on by 0.05 ms with each look at it. */
class Clock {
  ms = 1_000;
  readonly now = (): number => this.ms += 0.05;
}

describe("Vigil", () => {
  after(() => setCrowding(() => false));

  it("ends with the look that finds something, and looks no more", async () => {
    setCrowding(() => false);
    // It may be time to sleep before the first look, where the machine is busy: then it is not asked at all.
    let looks = 0;
    while (looks === 0) await new Vigil().keep(() => ++looks === 1);
    assert.equal(looks, 1);
  });

  it("does not look again at once: whoever keeps it has looked already, and others have their turn first", async () => {
    let turns = 0;
    setImmediate(() => turns += 1);
    let turnsSeen: number | undefined;
    while (turnsSeen === undefined) {
      await new Vigil().keep(() => {
        turnsSeen = turns;
        return true;
      });
    }
    assert.equal(turnsSeen, 1);
  });

  it("ends by itself where nothing comes", async () => {
    await looksOf(new Vigil());
  });

  it("does not stay awake where there are more threads at work than processors", async () => {
    setCrowding(() => true);
    for (let i = 0; i < 20; i++) assert.equal(await looksOf(new Vigil()), 0);
    setCrowding(() => false);
  });

  it("does not stay awake where it is a message that will come, from the moment when that is known", async () => {
    assert.equal(await looksOf(new Vigil(), () => true), 0);
    let asked = 0;
    assert.ok(await looksOf(new Vigil(), () => ++asked === 2) <= 1);
  });

  it("stays awake no more after a few long sleeps, and does again after a short one", async () => {
    const clock = new Clock();
    const vigil = new Vigil(true, clock.now);
    for (let i = 0; i < 8; i++) {
      await vigil.keep(() => false, () => true);
      clock.ms += 0.5;
      vigil.wake();
    }
    assert.equal(await looksOf(vigil), 0);
    clock.ms += 0.1;
    vigil.wake();
    assert.ok(await looksOf(vigil) > 0);
  });

  it("sleeps at once for a while when what it waits for comes only once it sleeps, again and again", async () => {
    const clock = new Clock();
    const vigil = new Vigil(true, clock.now);
    const keepInVain = async () => {
      const looks = await looksOf(vigil);
      clock.ms += 0.05;
      vigil.wake();
      return looks;
    };
    for (let i = 0; i < 4; i++) assert.ok(await keepInVain() > 0);
    assert.equal(await keepInVain(), 0);
    // Then it tries once, and rests for longer if that is in vain as well.
    clock.ms += 2;
    assert.ok(await keepInVain() > 0);
    clock.ms += 2;
    assert.equal(await keepInVain(), 0);
    clock.ms += 2;
    assert.ok(await keepInVain() > 0);
    // It never rests for long: soon after the other program has ended, all is as before.
    for (let i = 0; i < 20; i++) {
      clock.ms += 64;
      assert.ok(await keepInVain() > 0);
    }
    clock.ms += 64;
    await vigil.keep(() => true);
    for (let i = 0; i < 4; i++) assert.ok(await keepInVain() > 0);
    assert.equal(await keepInVain(), 0);
  });

  it("does not count one as in vain that was cut short, since a message is to come", async () => {
    const clock = new Clock();
    const vigil = new Vigil(true, clock.now);
    for (let i = 0; i < 8; i++) {
      let asked = 0;
      assert.equal(await looksOf(vigil, () => ++asked === 2), 1);
      clock.ms += 0.05;
      vigil.wake();
    }
    assert.ok(await looksOf(vigil) > 0);
  });
});

describe("doorbells", () => {
  it("are rung in the next turn at the latest, each once, in order", async () => {
    const rung: string[] = [];
    ringSoon(() => rung.push("a"));
    ringSoon(() => rung.push("b"));
    assert.deepEqual([isRingDue(), rung], [true, []]);
    await nextTurn();
    await nextTurn();
    assert.deepEqual([isRingDue(), rung], [false, ["a", "b"]]);
  });

  it("are rung before a wait, and not again after it", async () => {
    const rung: string[] = [];
    ringSoon(() => rung.push("a"));
    ringNow();
    assert.deepEqual([isRingDue(), rung], [false, ["a"]]);
    ringSoon(() => rung.push("b"));
    ringNow();
    ringNow();
    await nextTurn();
    await nextTurn();
    assert.deepEqual(rung, ["a", "b"]);
  });

  it("may be asked for while others are rung", async () => {
    const rung: string[] = [];
    ringSoon(() => {
      rung.push("a");
      ringSoon(() => rung.push("b"));
    });
    await nextTurn();
    await nextTurn();
    await nextTurn();
    assert.deepEqual([isRingDue(), rung], [false, ["a", "b"]]);
  });
});
