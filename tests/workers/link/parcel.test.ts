import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ringNow } from "../../../core/flow/doorbells.ts";
import { RuntimeData } from "../../../core/plugin.ts";
import { MEMORY_COSTS } from "../../../workers/adapters/memory_costs.ts";
import { takeBallast } from "../../../workers/link/ballast.ts";
import { Parcel, POSTED_TOGETHER_MAX } from "../../../workers/link/parcel.ts";
import { OpenLink, turns, WAYS } from "./_link_kit.ts";
import { audioOf, itemOf } from "./_ring_kit.ts";

function collect() {
  const posted: number[][] = [];
  const parcel = new Parcel((buffers) => posted.push(buffers.map((buffer) => new Float32Array(buffer)[0] as number)));
  const add = (n: number) => parcel.add({ ...audioOf(4), samples: Float32Array.of(n) } as never);
  return { posted, parcel, add };
}

describe("Parcel", () => {
  it("posts in order, so many together, and the rest in the next turn at the latest", async () => {
    const { posted, add } = collect();
    for (let n = 0; n < POSTED_TOGETHER_MAX + 1; n++) add(n);
    assert.deepEqual(posted[0], Array.from({ length: POSTED_TOGETHER_MAX }, (_, n) => n));
    await turns(2);
    assert.deepEqual(posted.flat(), Array.from({ length: POSTED_TOGETHER_MAX + 1 }, (_, n) => n));
    assert.equal(posted.length, 2);
  });

  it("posts what is there before this thread waits, and when it is told to", () => {
    const { posted, parcel, add } = collect();
    add(1);
    ringNow();
    assert.deepEqual(posted, [[1]]);
    add(2);
    parcel.send();
    parcel.send();
    assert.deepEqual(posted, [[1], [2]]);
  });

  it("posts nothing of what it was to let go of", async () => {
    const { posted, parcel, add } = collect();
    add(1);
    const before = posted.length;
    parcel.drop();
    await turns(2);
    assert.equal(posted.length, before);
  });
});

describe("a writer (ring) of long values", () => {
  it("detaches samples at once, although they are posted together later", async () => {
    const link = new OpenLink({ shared: true });
    const values = [1, 2, 3].map((seed) => audioOf(40_000, { seed }));
    const copies = structuredClone(values);
    for (const [i, data] of values.entries()) {
      link.writer.write(itemOf(data, i));
      assert.equal(data.samples.length, 0);
    }
    for (const copy of copies) assert.deepEqual((await link.fanIn.next())?.items[0]?.data, copy);
    link.close();
  });

  it("ends behind what is still to be posted", async () => {
    const link = new OpenLink({ shared: true });
    void link.writer.write(itemOf(audioOf(40_000), 0));
    link.writer.end();
    assert.equal((await link.fanIn.next())?.items[0]?.data.type, "audio");
    assert.equal(await link.fanIn.next(), undefined);
    assert.deepEqual(link.violations, []);
    link.close();
  });
});

for (const { name, shared } of WAYS) {
  describe(`a writer (${name}) of memory of WebAssembly`, () => {
    it("copies what looks as if it could be moved and refuses", async () => {
      const { buffer } = new WebAssembly.Memory({ initial: 1 });
      const samples = new Float32Array(buffer as ArrayBuffer).fill(0.5);
      const link = new OpenLink({ shared });
      const values = [
        RuntimeData.audio({ samples, sampleRate: 8000 }),
        RuntimeData.binary(new Uint8Array(samples.buffer)),
      ];
      for (const [i, data] of values.entries()) await link.writer.write(itemOf(data, i));
      for (const data of values) assert.deepEqual((await link.fanIn.next())?.items[0]?.data, data);
      assert.equal(samples.length, 16_384, "the memory is still the program's");
      assert.deepEqual(link.violations, []);
      link.close();
    });
  });
}

describe("takeBallast", () => {
  it("gives this thread one, where its collector needs any", () => {
    const ballast = takeBallast();
    assert.equal(ballast?.byteLength ?? 0, MEMORY_COSTS.ballastBytes);
    assert.equal(takeBallast(), ballast);
  });
});
