import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isDetached } from "../../../core/data/transfer.ts";
import { recycle, takeBuffer } from "../../../workers/link/buffer_pool.ts";
import { runtimeInfo } from "../../../workers/adapters/runtime_info.ts";
import { OpenLink } from "./_link_kit.ts";
import { audioOf, itemOf } from "./_ring_kit.ts";

/** Whether memory that was given away is used again here: not where new memory is cheap, or none can be taken over. */
const CAN_RECYCLE = runtimeInfo().name !== "bun" && "transfer" in ArrayBuffer.prototype;
const skip = !CAN_RECYCLE && "memory is not used again here";
const MIB = 1024 * 1024;

describe("recycled buffers", () => {
  it(
    "are detached for whoever gave them, so that nobody sees another's bytes",
    { skip },
    () => {
      const view = new Float32Array(16).fill(3);
      recycle(view);
      assert.ok(isDetached(view));
      const buffer = takeBuffer(64);
      assert.equal(buffer.byteLength, 64);
      assert.deepEqual(new Float32Array(buffer), new Float32Array(16).fill(3));
      // And only once.
      assert.deepEqual(new Float32Array(takeBuffer(64)), new Float32Array(16));
    },
  );

  it("are new where none of that length was given", () => {
    recycle(new Uint8Array(40).fill(1));
    assert.deepEqual(new Uint8Array(takeBuffer(41)), new Uint8Array(41));
    assert.equal(takeBuffer(40).byteLength, 40);
    assert.equal(takeBuffer(0).byteLength, 0);
  });

  it("are not taken from what cannot be moved: parts, pooled buffers, shared and resizable memory", () => {
    const whole = new Uint8Array(32).fill(7);
    const resizable = new (ArrayBuffer as new (length: number, options: object) => ArrayBuffer)(32, {
      maxByteLength: 64,
    });
    const views = [
      ...[whole.subarray(0, 16), Buffer.from("pooled"), new Uint8Array(new SharedArrayBuffer(32))],
      ...[new Uint8Array(resizable), new Uint8Array(0)],
    ];
    const lengths = views.map(({ byteLength }) => byteLength);
    views.forEach(recycle);
    assert.deepEqual(views.map(({ byteLength }) => byteLength), lengths);
    assert.deepEqual(whole, new Uint8Array(32).fill(7));
  });

  it(
    "are kept up to a mebibyte, and let go when the lengths of the stream change",
    { skip },
    () => {
      // Whatever other tests have left: a length that fills everything.
      takeBuffer(MIB);
      for (let i = 0; i < 6; i++) recycle(new Uint8Array(MIB / 4).fill(9));
      const isOld = (buffer: ArrayBuffer) => new Uint8Array(buffer)[0] === 9;
      const taken = Array.from({ length: 6 }, () => isOld(takeBuffer(MIB / 4)));
      assert.deepEqual(taken, [true, true, true, true, false, false]);

      for (let i = 0; i < 4; i++) recycle(new Uint8Array(MIB / 4).fill(9));
      assert.equal(takeBuffer(8).byteLength, 8);
      assert.equal(isOld(takeBuffer(MIB / 4)), false);
    },
  );

  it("bring every value whole through a ring, whatever went through before", async () => {
    const link = new OpenLink({ shared: true });
    for (let n = 0; n < 300; n++) {
      const bytes = [64, 128, 64, 4096][n % 4] as number;
      await link.writer.write(itemOf(audioOf(bytes, { seed: n }), n));
      const data = (await link.fanIn.next())?.items[0]?.data;
      assert.deepEqual(data, audioOf(bytes, { seed: n }));
    }
    link.close();
  });
});
