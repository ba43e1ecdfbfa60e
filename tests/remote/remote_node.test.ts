/** `remote.pipeline`: nodes here and on a service in one manifest. */

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { createRuntime, type Manifest, type Runtime, RuntimeData } from "../../mod.ts";
import { createService, RemotePipelineClient, type Service, type ServiceLogEntry } from "../../remote/mod.ts";
import { rejectionOf } from "../_support/errors.ts";
import { LogBook } from "../_support/log_book.ts";
import { collect, testPlugin } from "../_support/runtime.ts";

type Params = Exclude<Manifest["nodes"][number]["params"], undefined>;

describe("remote.pipeline", () => {
  let there: Runtime;
  let service: Service;
  let log: LogBook<ServiceLogEntry>;
  let here: Runtime;
  let address: string;
  before(async () => {
    there = await createRuntime({ plugins: [testPlugin("probe"), testPlugin("faults")] });
    service = await createService(there, {
      listen: "127.0.0.1:0",
      // One test calls as fast as it can.
      limits: { maxCallsPerPeerPerS: 1_000_000 },
      onLog: (entry) => log?.onLog(entry),
    });
    address = `127.0.0.1:${service.address.port}`;
    here = await createRuntime({ plugins: [testPlugin("probe")] });
  });
  beforeEach(() => {
    log = new LogBook();
  });
  after(async () => {
    await here.close();
    await service.close();
    await there.close();
  });

  const remote = (nodeType: string, options: { params?: Params; node?: Record<string, Params> } = {}) => ({
    id: "far",
    node_type: "remote.pipeline",
    params: {
      address,
      manifest: { version: "v1", nodes: [{ id: "inner", node_type: nodeType, params: options.params ?? null }] },
      ...options.node,
    },
  });
  const between = (far: Manifest["nodes"][number]): Manifest => ({
    version: "v1",
    nodes: [{ id: "before", node_type: "audio.gain", params: { gainDb: -20 } }, far, {
      id: "after",
      node_type: "probe.echo",
    }],
    connections: [{ from: "before", to: "far" }, { from: "far", to: "after" }],
  });
  /** Resolves with the id of the first stream that has opened since the test began. */
  const opened = async () => (await log.until(({ event }) => event === "stream-opened"))[0]?.["sessionId"];

  it("stands between local nodes: every chunk in order, with format and time", async () => {
    const session = await here.open(between(remote("audio.gain", { params: { gainDb: 20 } })));
    const count = 100;
    const sending = (async () => {
      for (let i = 0; i < count; i++) {
        const samples = new Float32Array(160).fill(i / 1000);
        await session.send(RuntimeData.audio({ samples, sampleRate: 16_000, timestampUs: i * 10_000 }));
      }
      await session.finish();
    })();
    const outputs = await collect(session);
    await sending;
    assert.equal(outputs.length, count);
    outputs.forEach(({ data }, i) => {
      const { samples, timestampUs } = RuntimeData.asAudio(data);
      assert.equal(timestampUs, i * 10_000);
      assert.ok(Math.abs((samples[0] as number) - i / 1000) < 1e-6);
    });
  });

  it("what the far pipeline holds back comes at the end", async () => {
    const inputs = [RuntimeData.text("a"), RuntimeData.text("b")];
    const manifest: Manifest = { version: "v1", nodes: [remote("probe.hold", { node: { waitMs: 0 } })] };
    const { outputs } = await here.execute(manifest, { far: inputs });
    assert.deepEqual(outputs["far"]?.map(RuntimeData.asText), ["a", "b"]);
  });

  it("an answer that comes late, and values that nobody asked for, come out at once and not with the next input", async () => {
    for (const [type, params] of [["util.delay", { delayMs: 100 }], ["probe.idle", { count: 3 }]] as const) {
      const session = await here.open({ version: "v1", nodes: [remote(type, { params, node: { waitMs: 0 } })] });
      await session.send(RuntimeData.text("x"));
      const { value } = await session[Symbol.asyncIterator]().next();
      assert.equal(value?.nodeId, "far", type);
      await session.cancel();
    }
  });

  it("a stream that breaks while there is no input fails the session at once", async () => {
    const params = { count: 1, fails: true };
    const session = await here.open({ version: "v1", nodes: [remote("probe.idle", { params, node: { waitMs: 0 } })] });
    await session.send(RuntimeData.text("x"));
    const error = await rejectionOf(collect(session));
    assert.deepEqual([error.reason, error.nodeId], ["node-failed", "far"]);
  });

  it("mode each: every value has a pipeline of its own, and all of its answer", async () => {
    const node = remote("probe.many", { params: { count: 3 }, node: { mode: "each" } });
    const inputs = [RuntimeData.text("a"), RuntimeData.text("b")];
    const { outputs } = await here.execute({ version: "v1", nodes: [node] }, { far: inputs });
    assert.equal(outputs["far"]?.length, 6);
  });

  it("an error there fails this node here, and names both", async () => {
    for (const [type, reason] of [["fault.throw", "node-failed"], ["no.such.type", "invalid-manifest"]] as const) {
      const error = await rejectionOf(
        here.execute({ version: "v1", nodes: [remote(type)] }, { far: [RuntimeData.text("x"), RuntimeData.text("y")] }),
      );
      assert.deepEqual([error.reason, error.nodeId, error.pluginName], [reason, "far", "remote"]);
      assert.ok(error.message.includes(`on ${address}, in node "inner"`), error.message);
    }
  });

  it("a service that is not there is found out when the session opens", async () => {
    const params = { address: "127.0.0.1:1", manifest: { version: "v1", nodes: [{}] } };
    const error = await rejectionOf(
      here.open({ version: "v1", nodes: [{ id: "far", node_type: "RemotePipelineNode", params }] }),
    );
    assert.deepEqual([error.code, error.reason, error.nodeId], ["unavailable", "connection-failed", "far"]);
  });

  it("a session that is cancelled ends the stream there", async () => {
    const session = await here.open({ version: "v1", nodes: [remote("util.delay", { params: { delayMs: 600_000 } })] });
    await session.send(RuntimeData.text("x"));
    const id = await opened();
    await session.cancel();
    await log.until(({ event, sessionId }) => event === "stream-ended" && sessionId === id);
  });

  it("a flush drops what is there and goes on with a new stream", async () => {
    const session = await here.open({ version: "v1", nodes: [remote("probe.hold", { node: { waitMs: 0 } })] });
    const reading = collect(session);
    await session.send(RuntimeData.text("dropped"));
    await opened();
    session.flush();
    await session.send(RuntimeData.text("kept"));
    await session.finish();
    assert.deepEqual((await reading).map(({ data }) => RuntimeData.asText(data)), ["kept"]);
  });

  it("a slow pipeline there holds the sender here back", async () => {
    const session = await here.open({ version: "v1", nodes: [remote("util.delay", { params: { delayMs: 600_000 } })] });
    let sent = 0;
    const sending = (async () => {
      for (; sent < 2000; sent++) await session.send(RuntimeData.binary(new Uint8Array(100_000)));
    })();
    sending.catch(() => {});
    // It goes on as long as there is room, and has its turns while calls of another client are answered.
    const other = new RemotePipelineClient(address);
    for (let calls = 0, last = -1; calls < 100; calls++) {
      if (sent !== last) [last, calls] = [sent, 0];
      await other.getVersion();
    }
    await other.disconnect();
    assert.ok(sent < 500, `${sent} values of 100 kB were taken`);
    await session.cancel();
  });
});
