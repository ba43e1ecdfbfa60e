import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Outlet } from "../../core/flow/outlet.ts";
import { RuntimeData } from "../../core/plugin.ts";
import { rejectionOf } from "../_support/errors.ts";
import type { Item, ItemWriter } from "../../core/flow/item.ts";
import { isSettled } from "../_support/promises.ts";
import { STOP } from "./_flow_kit.ts";

/** A writer that keeps what it was given, and waits when told so. */
class TestWriter implements ItemWriter {
  readonly items: Item[] = [];
  readonly events: string[] = [];
  gate: Promise<void> | undefined;

  write(item: Item): void | Promise<void> {
    this.items.push(item);
    return this.gate;
  }
  end(): void {
    this.events.push("end");
  }
  abort(error: Error): void {
    this.events.push(error.message);
  }
}

describe("Outlet", () => {
  const audio = () => RuntimeData.audio({ samples: Float32Array.of(1, 2), sampleRate: 8000 });

  it("drops what nobody reads, and hands on without a copy what one reads", () => {
    assert.equal(new Outlet([]).write(audio(), { epoch: 0 }), undefined);
    const writer = new TestWriter();
    const outlet = new Outlet([writer]);
    const data = audio();
    assert.equal(outlet.write(data, { epoch: 4 }), undefined);
    outlet.write(audio(), { epoch: 4 });
    assert.equal(writer.items[0]?.data, data);
    assert.deepEqual(writer.items.map(({ sequence, epoch }) => [sequence, epoch]), [[0, 4], [1, 4]]);
  });

  it("gives every edge bytes of its own, the last the value itself", async () => {
    const writers = [new TestWriter(), new TestWriter(), new TestWriter()];
    const data = audio();
    await new Outlet(writers).write(data, { epoch: 0 });
    const given = writers.map(({ items }) => RuntimeData.asAudio((items[0] as Item).data));
    assert.equal(given[2], data);
    assert.equal(new Set(given.map(({ samples }) => samples.buffer)).size, 3);
    for (const { samples } of given) assert.deepEqual(samples, Float32Array.of(1, 2));
  });

  it("goes at the pace of the slowest", async () => {
    const slow = new TestWriter();
    let open = () => {};
    slow.gate = new Promise((resolve) => open = resolve);
    const written = new Outlet([slow, new TestWriter()]).write(audio(), { epoch: 0 });
    assert.equal(await isSettled(written), false);
    open();
    await written;
  });

  it("rejects when an edge rejects, and has taken its copies before", async () => {
    const failing = new TestWriter();
    failing.gate = Promise.reject(STOP);
    failing.gate.catch(() => {});
    const data = audio();
    assert.equal(
      await rejectionOf(new Outlet([failing, new TestWriter()]).write(data, { epoch: 0 }) as Promise<void>),
      STOP,
    );
    assert.equal(RuntimeData.isDetached(data), false);
  });

  it("ends and aborts every edge", () => {
    const writers = [new TestWriter(), new TestWriter()];
    const outlet = new Outlet(writers);
    outlet.end();
    outlet.abort(STOP);
    for (const { events } of writers) assert.deepEqual(events, ["end", STOP.message]);
  });
});
