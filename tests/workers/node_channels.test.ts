import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AudioStream, ChannelManager, createRuntime, RuntimeData, StreamrackError } from "../../mod.ts";
import { runNode } from "../../testing/mod.ts";
import { chain, collect, testPlugin } from "../_support/runtime.ts";
import plugin from "../_support/plugins/channels.ts";

const text = RuntimeData.text;
const tone = (i: number) =>
  AudioStream.fromSamples(new Int16Array(800).fill(i * 100), { sampleRate: 8000, metadata: { i } });

/** Resolves when a channel has exactly these subscribers. */
async function subscribers(manager: ChannelManager, name: string, ids: readonly string[]): Promise<void> {
  for (;;) {
    const found = manager.list().find((channel) => channel.name === name)?.subscriberIds.join();
    if (found === ids.join()) return;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

for (const tier of ["worker", "inline"] as const) {
  describe(`channels in nodes, tier ${tier}`, () => {
    const make = () =>
      createRuntime({
        plugins: [tier === "inline" ? { tier, plugin } : testPlugin("channels")],
        killGraceMs: 60_000,
        onLog: () => {},
      });

    it("a node publishes to the host, and subscribes to it, AudioStreams with their methods", async () => {
      await using runtime = await make();
      await using manager = new ChannelManager();
      const input = await manager.createChannel("in", { kind: "audio_stream" });
      const halves = (await manager.createChannel("halves", { kind: "audio_stream" })).subscribe("host");
      await using session = await runtime.open(chain(["talk.halve", { from: "in", to: "halves" }]), {
        channels: manager,
      });
      await session.finish();
      const publishing = (async () => {
        for (let i = 1; i <= 100; i++) await input.publish(tone(i));
        await input.close();
      })();
      const heard: unknown[] = [];
      const listening = (async () => {
        for await (const stream of halves) {
          heard.push([stream.metadata["i"], stream.toSamples("int16")[799]]);
          if (heard.length === 100) break;
        }
      })();
      const outputs = await collect(session);
      await Promise.all([publishing, listening]);
      assert.deepEqual(heard, Array.from({ length: 100 }, (_, i) => [i + 1, (i + 1) * 50]));
      assert.deepEqual(
        outputs.map(({ data }) => RuntimeData.asAudio(data).samples[0]),
        Array.from({ length: 100 }, (_, i) => (i + 1) * 100),
      );
    });

    it("two sessions of one runtime talk to each other, each with its own manager or a common one", async () => {
      await using runtime = await make();
      await using common = new ChannelManager();
      await using other = new ChannelManager();
      for (const manager of [common, other]) await manager.createChannel("words", { kind: "text" });
      const manifest = (type: string, params: { readonly [key: string]: string }) => chain([type, params]);
      await using listener = await runtime.open(manifest("talk.listen", { from: "words" }), { channels: common });
      await using stranger = await runtime.open(manifest("talk.publish", { to: "words" }), { channels: other });
      await using speaker = await runtime.open(manifest("talk.publish", { to: "words" }), { channels: common });
      await stranger.send(text("from elsewhere"));
      await speaker.send(text("hello"));
      await listener.send(text("next, please"));
      const { value } = await listener[Symbol.asyncIterator]().next();
      assert.deepEqual(value?.data, text("hello"));
    });

    it("what a channel refuses fails the node with the reason", async () => {
      await using runtime = await make();
      await using manager = new ChannelManager();
      await manager.createChannel("numbers", { kind: "json" });
      for (const [to, reason] of [["numbers", "wrong-kind"], ["nowhere", "channel-not-found"]] as const) {
        const running = runtime.execute(chain(["talk.publish", { to }]), { n0: text("x") }, { channels: manager });
        await assert.rejects(running, (error) => StreamrackError.is(error) && error.reason === reason);
      }
    });

    it("a cancel ends nodes that wait for a value, or for room, and takes their subscriptions along", async () => {
      await using runtime = await make();
      await using manager = new ChannelManager();
      await manager.createChannel("quiet", { kind: "text" });
      await manager.createChannel("full", { kind: "text", capacity: 1 });
      const listener = await runtime.open(chain(["talk.listen", { from: "quiet" }]), { channels: manager });
      await listener.send(text("next, please"));
      const speaker = await runtime.open(chain(["talk.publish", { to: "full" }]), { channels: manager });
      for (const word of ["1", "2", "3"]) await speaker.send(text(word));
      await subscribers(manager, "quiet", ["n0"]);
      await Promise.all([listener.cancel(), speaker.cancel()]);
      await subscribers(manager, "quiet", []);
      // The one that had room is there; the one that waited for it is not.
      await manager.close("full");
    });

    it("without channels from the application there are none", async () => {
      await using runtime = await make();
      const { outputs } = await runtime.execute(chain("talk.has"), { n0: text("?") });
      assert.deepEqual(outputs["n0"], [RuntimeData.json(false)]);
    });
  });
}

describe("channels in nodes", () => {
  it("a thread that dies takes its subscriptions along; the node in the new thread subscribes anew", async () => {
    await using manager = new ChannelManager();
    await manager.createChannel("words", { kind: "text" });
    await manager.createChannel("answers", { kind: "text" });
    await using runtime = await createRuntime({
      plugins: [testPlugin("channels")],
      trust: [["talk"]],
      channels: manager,
      restart: { maxRestarts: 1, initialDelayMs: 0 },
      onLog: () => {},
    });
    const manifest = chain(["talk.publish", { to: "answers" }], ["talk.listen", { from: "words" }]);
    await using session = await runtime.open(manifest);
    await subscribers(manager, "words", ["n1"]);
    await session.send(text("die"));
    while ((await session.metrics()).restarts === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    await subscribers(manager, "words", ["n1"]);
    await manager.publish("words", text("again"));
    await session.send(text("well?"));
    const { value } = await session[Symbol.asyncIterator]().next();
    assert.deepEqual(value?.data, text("again"));
    assert.deepEqual((await manager.subscribe("answers").next()).value, text("well?"));
  });

  it("what is no manager of channels is refused", async () => {
    await assert.rejects(createRuntime({ channels: {} as ChannelManager }), { reason: "invalid-options" });
    await using runtime = await createRuntime();
    const channels = null as unknown as ChannelManager;
    await assert.rejects(runtime.open(chain("util.passthrough"), { channels }), { reason: "invalid-options" });
  });

  it("the testing kit gives a node channels", async () => {
    await using manager = new ChannelManager();
    await manager.createChannel("words", { kind: "text" });
    const publish = plugin.nodes.find(({ type }) => type === "talk.publish")!;
    const { output } = await runNode(publish, [text("a"), text("b")], { params: { to: "words" }, channels: manager });
    assert.deepEqual(output, [text("a"), text("b")]);
    const subscription = manager.subscribe("words");
    assert.deepEqual([(await subscription.next()).value, (await subscription.next()).value], output);
  });
});
