import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Worker } from "node:worker_threads";
import { AudioStream, ChannelManager, connectChannels, RuntimeData, serveChannels } from "../../core/plugin.ts";

describe("channels between threads", () => {
  it("a worker subscribes, works and publishes; nothing is lost, and all ends", async () => {
    const manager = new ChannelManager();
    await manager.createChannel("in", { kind: "audio_stream" });
    const { port1, port2 } = new MessageChannel();
    const connection = serveChannels(manager, port1);
    const worker = new Worker(new URL("../_support/programs/channel_worker.ts", import.meta.url), {
      workerData: { port: port2 },
      transferList: [port2 as unknown as import("node:worker_threads").MessagePort],
    });
    const exited = new Promise((resolve) => worker.on("exit", resolve));
    const publishing = (async () => {
      for (let i = 1; i <= 200; i++) {
        const samples = new Int16Array(1000).fill(i);
        await manager.publish("in", AudioStream.fromSamples(samples, { sampleRate: 8000, metadata: { i } }));
      }
      await manager.close("in");
    })();
    // The worker makes the channel of its results.
    while (!manager.list().some(({ name }) => name === "out")) await new Promise((resolve) => setTimeout(resolve, 1));
    const sums: unknown[] = [];
    for await (const value of manager.subscribe("out")) {
      if (RuntimeData.isJson(value as RuntimeData)) sums.push((value as { value: unknown }).value);
    }
    await publishing;
    assert.deepEqual(sums, Array.from({ length: 200 }, (_, i) => ({ i: i + 1, sum: (i + 1) * 1000 })));
    await connection.closed;
    await exited;
  });

  it("the end of the manager's side reaches everything that waits on the other", async () => {
    await using manager = new ChannelManager();
    await manager.createChannel("words", { kind: "text", capacity: 1 });
    const { port1, port2 } = new MessageChannel();
    const connection = serveChannels(manager, port1);
    const remote = connectChannels(port2);
    await remote.publish("words", RuntimeData.text("1"));
    const waiting = remote.publish("words", RuntimeData.text("2"));
    waiting.catch(() => {});
    await remote.createChannel("quiet", { kind: "any" });
    const read = remote.subscribe("quiet").next();
    read.catch(() => {});
    connection.close();
    connection.close();
    await remote.closed;
    for (const promise of [waiting, read]) await assert.rejects(promise, { reason: "channel-closed" });
    await assert.rejects(remote.publish("words", RuntimeData.text("3")), { reason: "channel-closed" });
    assert.throws(() => remote.subscribe("words"), { reason: "channel-closed" });
    assert.deepEqual(manager.list().map(({ subscriberIds }) => subscriberIds), [[], []]);
    await remote.disconnect();
  });

  it("a disconnect takes its subscriptions and waiting publishers with it", async () => {
    await using manager = new ChannelManager();
    const channel = await manager.createChannel("words", { kind: "text" });
    const { port1, port2 } = new MessageChannel();
    const connection = serveChannels(manager, port1);
    const remote = connectChannels(port2);
    const subscription = remote.subscribe("words", "gone", { capacity: 1 });
    await channel.publish(RuntimeData.text("1"));
    assert.equal((await subscription.next()).done, false);
    await remote.disconnect();
    await connection.closed;
    await assert.rejects(subscription.next(), { reason: "channel-closed" });
    assert.deepEqual(manager.list()[0]?.subscriberIds, []);
    for (let i = 0; i < 10; i++) await channel.publish(RuntimeData.text("held"));
  });

  it("a thread that takes a number twice, or asks without end, is cut off; nothing of it waits any more", async () => {
    const publish = (id: number) => ({ t: "publish", id, name: "words", value: RuntimeData.text("1") });
    const subscribe = (sub: number) => ({ t: "subscribe", sub, name: "words", policy: "block", capacity: 1 });
    const floods = {
      "a call twice": [publish(1), publish(2), publish(2)],
      "calls without end": Array.from({ length: 5_000 }, (_, id) => publish(id)),
      "a subscription twice": [subscribe(1), subscribe(1)],
      "subscriptions without end": Array.from({ length: 1_100 }, (_, sub) => subscribe(sub)),
    };
    for (const [name, messages] of Object.entries(floods)) {
      await using manager = new ChannelManager();
      const channel = await manager.createChannel("words", { kind: "text", capacity: 1 });
      const { port1, port2 } = new MessageChannel();
      const connection = serveChannels(manager, port1);
      for (const message of messages) port2.postMessage(message);
      await connection.closed;
      assert.deepEqual(manager.list()[0]?.subscriberIds, [], name);
      // Whatever it had published before is read, or was given up: the channel takes values of others.
      const reader = channel.subscribe();
      await channel.publish(RuntimeData.text("of another"));
      for await (const value of reader) if (value.text === "of another") break;
      port1.close();
      port2.close();
    }
  });

  it("a port that receives something else is closed, on either side", async () => {
    await using manager = new ChannelManager();
    for (const garbage of [null, 5, {}, { t: "none" }]) {
      const server = new MessageChannel();
      const connection = serveChannels(manager, server.port1);
      server.port2.postMessage(garbage);
      await connection.closed;
      server.port2.close();

      const client = new MessageChannel();
      const remote = connectChannels(client.port1);
      const read = remote.subscribe("words").next();
      read.catch(() => {});
      client.port2.postMessage(garbage);
      await remote.closed;
      await assert.rejects(read, { reason: "protocol-violation" });
      client.port2.close();
    }
  });
});
