import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Manifest, type Runtime, RuntimeData, type Session, type SessionOutput } from "../../mod.ts";
import { chain, collect, testPlugin, withRuntime } from "../_support/runtime.ts";

const WINDOW = 4;
const THREADS = 4;
const COUNT = 100_000;

/** A source that gives numbers, three workers, and the consumer. */
function pipeline(): Manifest {
  const { nodes, ...rest } = chain(["probe.many", { count: COUNT }], "probe.echo", "probe.echo", "probe.echo");
  return { ...rest, nodes: nodes.map((node) => ({ ...node, fuse: false })) };
}

function withWorkers(sharedMemory: boolean, use: (runtime: Runtime) => Promise<void>): Promise<void> {
  return withRuntime(use, {
    maxThreads: THREADS,
    maxItemsInFlight: WINDOW,
    sharedMemory,
    plugins: [testPlugin("crash")],
  });
}

/** How many values the source has made. */
const made = async (session: Session) => (await session.metrics()).nodes["n0"]?.itemsOut ?? 0;

const numberOf = ({ data }: SessionOutput) => RuntimeData.asJson(data) as number;

for (const sharedMemory of [true, false]) {
  describe(`a slow consumer ${sharedMemory ? "with" : "without"} shared memory`, () => {
    it("holds the source up: no more is made than edges take, however long it waits, and all comes in order", () =>
      withWorkers(sharedMemory, async (runtime) => {
        const session = await runtime.open(pipeline());
        await session.send(RuntimeData.text("go"));
        // Each edge takes a window; a node has one value in hand, and the source waits with one.
        const most = 4 * WINDOW + 4;
        let read = 0;
        for await (const output of session) {
          assert.equal(numberOf(output), read);
          assert.equal(output.missing, 0);
          read += 1;
          const ahead = await made(session) - read;
          assert.ok(ahead <= most, `${ahead} values were made that nobody has read`);
          // The source comes to a stand each time before the consumer takes the next.
          if (read <= 20) { while (await made(session) < read + WINDOW); }
          if (read === 300) break;
        }
        const { links, bytesInFlight } = await session.metrics();
        assert.ok((links[1]?.stalls ?? 0) > 0, "the source was held up");
        assert.equal(bytesInFlight, 0);
      }));

    it("may send as much as the limit says before it reads, of any length, and then one for each that it reads", async () => {
      const WIDE = 32;
      await withRuntime(async (runtime) => {
        for (const length of [480, 1_920, 24_000]) {
          const session = await runtime.open(chain("probe.echo"));
          const outputs = session[Symbol.asyncIterator]();
          const send = (n: number) =>
            session.send(RuntimeData.audio({ samples: new Float32Array(length).fill(n), sampleRate: 48_000 }));
          for (let n = 0; n < WIDE; n++) await send(n);
          for (let n = 0; n < 200; n++) {
            const { value } = await outputs.next();
            assert.equal(RuntimeData.asAudio((value as SessionOutput).data).samples[length - 1], n);
            await send(n + WIDE);
          }
          await session.cancel();
        }
      }, { maxItemsInFlight: WIDE, sharedMemory });
    });

    it("leaves the loop: its own session ends, others in the same threads go on", () =>
      withWorkers(sharedMemory, async (runtime) => {
        const threadsOf = async (session: Session) =>
          Object.values((await session.metrics()).nodes).map(({ threadId }) => threadId);
        const [one, other] = [await runtime.open(pipeline()), await runtime.open(pipeline())];
        for (const session of [one, other]) await session.send(RuntimeData.text("go"));
        const outputs = other[Symbol.asyncIterator]();
        assert.equal(numberOf((await outputs.next()).value as SessionOutput), 0);
        const threads = new Set([...await threadsOf(one), ...await threadsOf(other)]);
        for await (const output of one) if (numberOf(output) === 5) break;
        assert.equal(one.state, "cancelled");
        for (let n = 1; n <= 200; n++) assert.equal(numberOf((await outputs.next()).value as SessionOutput), n);
        for (const thread of await threadsOf(other)) threads.add(thread);
        await outputs.return?.();
        // And the threads are the same for whoever comes next.
        const next = await runtime.open(pipeline());
        await next.send(RuntimeData.text("go"));
        for await (const output of next) if (numberOf(output) === 5) break;
        for (const thread of await threadsOf(next)) threads.add(thread);
        assert.ok(threads.size <= THREADS, `no thread was replaced: ${[...threads].join(", ")}`);
      }));

    it("gets the end, although a flush comes right behind it", () =>
      withWorkers(sharedMemory, async (runtime) => {
        for (let round = 0; round < 20; round++) {
          const session = await runtime.open(pipeline());
          await session.send(RuntimeData.text("go"));
          const reading = collect(session);
          if (round % 2 === 0) { while (await made(session) === 0); }
          await session.finish();
          session.flush();
          assert.ok((await reading).length < COUNT);
          assert.equal(session.state, "done");
        }
      }));

    it("of one branch costs the other what the policy says: nothing, where the branch drops", () =>
      withWorkers(sharedMemory, async (runtime) => {
        for (const when_full of ["drop-oldest", "drop-newest"] as const) {
          const count = 2_000;
          const manifest: Manifest = {
            version: "v1",
            nodes: [
              { id: "source", node_type: "probe.many", params: { count } },
              { id: "quick", node_type: "probe.echo", fuse: false },
              { id: "slow", node_type: "crash.at", params: { workMs: 20 }, fuse: false },
            ],
            connections: [{ from: "source", to: "quick" }, { from: "source", to: "slow", when_full }],
          };
          const session = await runtime.open(manifest);
          await session.send(RuntimeData.text("go"));
          await session.finish();
          const outputs = await collect(session);
          const of = (id: string) => outputs.filter(({ nodeId }) => nodeId === id).map(numberOf);
          assert.deepEqual(of("quick"), Array.from({ length: count }, (_, n) => n));
          const slow = of("slow");
          assert.deepEqual(slow, [...new Set(slow)].sort((a, b) => a - b));
          assert.ok(slow.length < count);
          // Where the newest go, there is room for the first; where the oldest go, for the last.
          if (when_full === "drop-oldest") assert.equal(slow.at(-1), count - 1);
          else assert.deepEqual(slow.slice(0, 4), [0, 1, 2, 3]);
          const link = (await session.metrics()).links.find(({ to }) => to?.nodeId === "slow");
          assert.equal(link?.dropped, count - slow.length);
        }
      }));
  });
}
