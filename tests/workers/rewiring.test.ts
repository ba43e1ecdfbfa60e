import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RuntimeData, type StreamrackError } from "../../mod.ts";
import type { PlanSegment } from "../../core/pipeline/plan.ts";
import type { LinkReader } from "../../workers/link/link.ts";
import { messagesHeard } from "../../core/flow/pacer.ts";
import { createLink, openLinkWriter } from "../../workers/link/open_link.ts";
import { Rewiring } from "../../workers/rewiring.ts";
import type { SessionWiring, Wire } from "../../workers/wiring.ts";

const LIMITS = { items: 16, bytes: 1024 ** 2 };

describe("a segment that has nothing left to do", () => {
  for (const shared of [true, false]) {
    it(`lets those who write to it say all of it again (${shared ? "shared memory" : "ports alone"})`, async () => {
      const violations: StreamrackError[] = [];
      const { writer: end, reader } = createLink({ shared });
      const writer = openLinkWriter(end, {
        limits: LIMITS,
        keeps: true,
        onViolation: (error) => violations.push(error),
      });
      const write = (sequence: number) => writer.write({ data: RuntimeData.text("x"), bytes: 2, sequence, epoch: 0 });
      await write(0);
      reader.port.close();

      const segment = {} as PlanSegment;
      const wires: Wire[] = [
        { writer: { segment: undefined, index: 0 }, reader: { segment, index: 0 }, ring: end.ring },
        { writer: { segment, index: 1 }, reader: { segment: undefined, index: 0 }, ring: undefined },
      ];
      // Whoever reads from it has heard its end.
      const finished = { reconnect: () => Promise.resolve(undefined) } as unknown as LinkReader;
      const rewiring = new Rewiring({
        wiring: { wires, limits: LIMITS } as unknown as SessionWiring,
        writers: [writer],
        readers: [finished],
        neighbour: () => assert.fail("no other segment takes part"),
      });
      assert.equal(await rewiring.connect(segment), undefined);
      await messagesHeard();
      await write(1);
      writer.end();
      await writer.closed;
      assert.deepEqual(violations, []);
      rewiring.close();
    });
  }
});
