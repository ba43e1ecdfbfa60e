import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Item, ItemWriter } from "../../core/flow/item.ts";
import { Outlet, type OutletStamp } from "../../core/flow/outlet.ts";
import type { Ports } from "../../core/node/contract.ts";
import { NodeOutputs } from "../../core/pipeline/node_outputs.ts";
import { partial, RuntimeData } from "../../core/plugin.ts";
import { rejectionOf, thrownBy } from "../_support/errors.ts";

const text = (value: string) => RuntimeData.text(value);
const FINAL: OutletStamp = { epoch: 0 };

/** Outputs by port, and what came out of each. */
class Written {
  readonly items: { readonly [port: string]: Item[] };
  readonly outputs: NodeOutputs;

  constructor(declared: Ports) {
    this.items = Object.fromEntries(Object.keys(declared).map((port) => [port, []]));
    const outlets = Object.entries(this.items).map(([port, items]) => {
      const writer: ItemWriter = { write: (item) => void items.push(item), end() {}, abort() {} };
      return [port, new Outlet([writer])] as const;
    });
    this.outputs = new NodeOutputs(declared, new Map(outlets));
  }

  /** What came out of a port: texts, those that are partial with "…". */
  shown(port = "out"): string[] {
    return (this.items[port] ?? []).map(({ data, isPartial }) =>
      RuntimeData.asText(data) + (isPartial === true ? "…" : "")
    );
  }
}

const single = () => new Written({ out: ["text"] });
const double = () => new Written({ a: ["text"], b: ["text"] });

describe("NodeOutputs", () => {
  it("gives as many outputs for an input as the node likes, all final where none is marked", () => {
    const ports = single();
    for (const value of ["x", "y", "z"]) ports.outputs.write(text(value), FINAL);
    assert.deepEqual(ports.shown(), ["x", "y", "z"]);
    assert.deepEqual([ports.outputs.itemsOut, ports.outputs.bytesOut], [3, 3 * 66]);
  });

  it("takes nothing for no output", () => {
    const ports = single();
    ports.outputs.write(undefined, FINAL);
    ports.outputs.write(null, FINAL);
    assert.deepEqual([ports.shown(), ports.outputs.itemsOut], [[], 0]);
  });

  it("gives parts and then the final one, for each input anew", () => {
    const ports = single();
    for (const n of [1, 2]) {
      ports.outputs.begin();
      ports.outputs.write(partial(text(`${n}a`)), FINAL);
      ports.outputs.write(partial(text(`${n}b`)), FINAL);
      ports.outputs.write(text(`${n}c`), FINAL);
    }
    assert.deepEqual(ports.shown(), ["1a…", "1b…", "1c", "2a…", "2b…", "2c"]);
  });

  it("refuses what follows the final part, marked or not, and lets the next input begin", () => {
    const ports = single();
    ports.outputs.begin();
    ports.outputs.write(partial(text("a")), FINAL);
    ports.outputs.write(text("b"), FINAL);
    for (const late of [text("c"), partial(text("c"))]) {
      const error = thrownBy(() => ports.outputs.write(late, FINAL));
      assert.deepEqual([error.reason, error.problems[0]?.path], ["node-failed", 'output "out"']);
      assert.match(error.message, /mark all but the last as partial/);
    }
    ports.outputs.begin();
    ports.outputs.write(text("d"), FINAL);
    assert.deepEqual(ports.shown(), ["a…", "b", "d"]);
  });

  it("keeps the parts of each port apart", async () => {
    const ports = double();
    await ports.outputs.write(partial({ a: text("a1"), b: text("b1") }), FINAL);
    await ports.outputs.write({ a: text("a2") }, FINAL);
    await ports.outputs.write(partial({ b: text("b2") }), FINAL);
    await ports.outputs.write({ b: text("b3") }, FINAL);
    assert.deepEqual([ports.shown("a"), ports.shown("b")], [["a1…", "a2"], ["b1…", "b2…", "b3"]]);
    const late = ports.outputs.write({ a: text("a3") }, FINAL);
    assert.equal((await rejectionOf(late as Promise<void>)).problems[0]?.path, 'output "a"');
  });

  it("marks what was made of a partial input as partial, with the progress of it", () => {
    const ports = single();
    const stamp = { epoch: 3, isPartial: true, progress: { progressPercent: 20 } };
    ports.outputs.begin();
    ports.outputs.write(text("a"), stamp);
    // One input, one result: a node that knows nothing of parts may give several.
    ports.outputs.write(text("b"), stamp);
    ports.outputs.write(partial(text("c"), { progressPercent: 50, estimatedRemainingMs: 7 }), stamp);
    ports.outputs.write(partial(text("d")), stamp);
    assert.deepEqual(ports.shown(), ["a…", "b…", "c…", "d…"]);
    assert.deepEqual(ports.items["out"]?.map(({ progress }) => progress?.progressPercent), [20, 20, 50, 20]);
    assert.deepEqual(ports.items["out"]?.map(({ epoch }) => epoch), [3, 3, 3, 3]);
  });

  it("refuses progress that is none, before anything is sent", () => {
    const ports = single();
    for (const progressPercent of [-1, 101, NaN, "half" as never]) {
      const output = partial(text("a"), { progressPercent });
      assert.equal(thrownBy(() => ports.outputs.write(output, FINAL)).reason, "invalid-data");
    }
    assert.deepEqual(ports.shown(), []);
  });

  it("refuses what does not fit its declaration", async () => {
    const ports = single();
    assert.equal(thrownBy(() => ports.outputs.write(RuntimeData.json(1), FINAL)).reason, "node-failed");
    assert.equal(thrownBy(() => ports.outputs.write({ type: "text" }, FINAL)).reason, "invalid-data");
    assert.equal(thrownBy(() => ports.outputs.write(partial(partial(text("a"))), FINAL)).reason, "invalid-data");
    const two = double();
    for (const output of [text("a"), 5, { c: text("c") }]) {
      assert.equal((await rejectionOf(two.outputs.write(output, FINAL) as Promise<void>)).reason, "node-failed");
    }
    assert.deepEqual([ports.shown(), two.shown("a"), two.outputs.itemsOut], [[], [], 0]);
  });
});
