import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RuntimeData } from "../../../core/data/runtime_data.ts";
import type { AudioData } from "../../../core/data/types.ts";
import type { Delivery } from "../../../core/flow/alignment.ts";
import { Overdue } from "../../../workers/link/overdue.ts";
import { RING_PAYLOAD_BYTES_MAX } from "../../../workers/link/ring.ts";
import { OpenLink, WAYS } from "./_link_kit.ts";
import { itemOf } from "./_ring_kit.ts";

describe("what is overdue", () => {
  it("is said once for all that was noted, and again for what is noted later", async () => {
    let said = 0;
    let heard = () => {};
    const overdue = new Overdue(() => {
      said += 1;
      heard();
    });
    for (let round = 1; round <= 3; round++) {
      const saying = new Promise<void>((resolve) => heard = resolve);
      for (let i = 0; i < 5; i++) overdue.note();
      assert.equal(said, round - 1);
      await saying;
      assert.equal(said, round);
    }
  });

  it("is not said any more once it was dropped", async () => {
    let isSaid = false;
    const overdue = new Overdue(() => isSaid = true);
    overdue.note();
    overdue.drop();
    const later = new Promise<void>((resolve) => new Overdue(resolve).note());
    await later;
    assert.equal(isSaid, false);
  });
});

for (const { name, shared } of WAYS) {
  describe(`a window (${name})`, () => {
    it("has room again for each value that is taken, whether or not more are taken", async () => {
      const link = new OpenLink({ shared, limits: { items: 16, bytes: 1 << 20 } });
      for (let i = 0; i < 16; i++) await link.writer.write(itemOf(RuntimeData.text("x"), i));
      for (let i = 16; i < 40; i++) {
        const write = link.writer.write(itemOf(RuntimeData.text("x"), i));
        assert.ok(write instanceof Promise);
        assert.equal(((await link.fanIn.next()) as Delivery).items[0]?.sequence, i - 16);
        await write;
      }
      link.close();
    });

    it("is as wide as its limits say, however long the chunks are", async () => {
      const COUNT = 64;
      const link = new OpenLink({ shared, limits: { items: COUNT, bytes: 4 << 20 } });
      const length = RING_PAYLOAD_BYTES_MAX / 4;
      for (let round = 0; round < 3; round++) {
        for (let i = 0; i < COUNT; i++) {
          const samples = new Float32Array(length).fill(i);
          await link.writer.write(itemOf(RuntimeData.audio({ samples, sampleRate: 48_000 }), round * COUNT + i));
        }
        for (let i = 0; i < COUNT; i++) {
          const [item] = ((await link.fanIn.next()) as Delivery).items;
          assert.equal(item?.sequence, round * COUNT + i);
          const { samples } = item?.data as AudioData;
          assert.deepEqual([samples.length, samples[0], samples.at(-1)], [length, i, i]);
        }
      }
      assert.deepEqual(link.violations, []);
      link.close();
    });
  });
}
