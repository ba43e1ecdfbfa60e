import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FanIn } from "../../../core/flow/fan_in.ts";
import { OpenLink, turns, WAYS } from "./_link_kit.ts";
import { audioOf, itemOf } from "./_ring_kit.ts";

for (const { name, shared } of WAYS) {
  describe(`flushes that meet on two links (${name})`, () => {
    it("drop each value once, where one edge tells of a flush and the other of the next", async () => {
      const [a, b] = [new OpenLink({ shared }), new OpenLink({ shared })] as const;
      const fanIn = new FanIn([a.reader, b.reader], "zip");
      for (const { reader } of [a, b]) reader.onLaterEpoch = (epoch) => fanIn.flushBefore(epoch);
      void a.writer.write(itemOf(audioOf(8), 0, 1));
      void b.writer.write(itemOf(audioOf(8), 0, 0));
      void b.writer.write(itemOf(audioOf(8), 1, 2));
      await turns();
      const next = fanIn.next();
      await turns();
      for (let n = 1; n <= 6; n++) {
        await a.writer.write(itemOf(audioOf(8), n, 2));
        if (n > 1) await b.writer.write(itemOf(audioOf(8), n, 2));
        const delivery = n === 1 ? await next : await fanIn.next();
        assert.deepEqual(delivery?.items.map(({ sequence, epoch }) => [sequence, epoch]), [[n, 2], [n, 2]]);
      }
      assert.deepEqual([a.violations, b.violations], [[], []]);
      a.close();
      b.close();
    });
  });
}
