import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  AudioStream,
  ChannelManager,
  type Channels,
  type ChannelValue,
  connectChannels,
  RuntimeData,
  serveChannels,
  type Subscription,
} from "../../core/plugin.ts";

const text = (value: string) => RuntimeData.text(value);
const textOf = (value: ChannelValue) => value.type === "text" ? value.text : value.type;

/** The next so many values. */
async function take(subscription: Subscription<ChannelValue>, count: number): Promise<string[]> {
  const taken: string[] = [];
  while (taken.length < count) {
    const { done, value } = await subscription.next();
    if (done === true) break;
    taken.push(textOf(value));
  }
  return taken;
}

async function all(subscription: Subscription<ChannelValue>): Promise<string[]> {
  const values: string[] = [];
  for await (const value of subscription) values.push(textOf(value));
  return values;
}

/** Does something with another channel: whatever was asked for before has been done by then, also over a port. */
async function passThrough(channels: Channels): Promise<void> {
  const probe = await channels.createChannel("probe", { kind: "text" });
  await probe.publish(text("?"));
  await probe.close();
}

/** Whether what was asked of channels has settled when they have done what came after it. */
async function isSettled(promise: Promise<unknown>, channels: Channels): Promise<boolean> {
  let settled = false;
  promise.then(() => settled = true, () => settled = true);
  await passThrough(channels);
  return settled;
}

interface Way {
  readonly manager: ChannelManager;
  readonly channels: Channels;
  end(): Promise<void>;
}

const WAYS: { readonly [name: string]: () => Way } = {
  "in its own thread": () => {
    const manager = new ChannelManager();
    return { manager, channels: manager, end: () => manager.close() };
  },
  "over a port": () => {
    const manager = new ChannelManager();
    const { port1, port2 } = new MessageChannel();
    const connection = serveChannels(manager, port1);
    const channels = connectChannels(port2);
    return {
      manager,
      channels,
      async end() {
        await channels.disconnect();
        await connection.closed;
        await manager.close();
      },
    };
  },
};

for (const [way, open] of Object.entries(WAYS)) {
  const use = (test: (way: Way) => Promise<void>) => async () => {
    const opened = open();
    try {
      await test(opened);
    } finally {
      await opened.end();
    }
  };

  describe(`ChannelManager ${way}`, () => {
    it(
      "delivers in order, to every subscriber, and ends when it is closed",
      use(async ({ channels }) => {
        const channel = await channels.createChannel("words", { kind: "text" });
        const readers = ["a", "b"].map((id) => all(channels.subscribe("words", id)));
        for (let i = 0; i < 100; i++) await channel.publish(text(`${i}`));
        await channel.close();
        const expected = Array.from({ length: 100 }, (_, i) => `${i}`);
        assert.deepEqual(await Promise.all(readers), [expected, expected]);
      }),
    );

    it(
      "holds values for the first subscriber, and makes publishers wait when it is full",
      use(async ({ channels }) => {
        const channel = await channels.createChannel("words", { kind: "text", capacity: 2 });
        await channel.publish(text("1"));
        await channel.publish(text("2"));
        const third = channel.publish(text("3"));
        assert.equal(await isSettled(third, channels), false);
        const subscription = channel.subscribe("late");
        assert.deepEqual(await take(subscription, 3), ["1", "2", "3"]);
        await third;
        await subscription.return();
      }),
    );

    it(
      "gives a late subscriber what is retained",
      use(async ({ channels }) => {
        const channel = await channels.createChannel("words", { kind: "text", retain: 2 });
        const first = channel.subscribe("first");
        for (const word of ["1", "2", "3"]) await channel.publish(text(word));
        assert.deepEqual(await take(first, 3), ["1", "2", "3"]);
        const late = channel.subscribe("late");
        assert.deepEqual(await take(late, 2), ["2", "3"]);
        await channel.publish(text("4"));
        assert.deepEqual([await take(first, 1), await take(late, 1)], [["4"], ["4"]]);
      }),
    );

    it(
      "refuses the wrong kind, and says what it carries",
      use(async ({ channels }) => {
        await channels.createChannel("music", { kind: "audio_stream" });
        const refused = channels.publish("music", text("no music"));
        await assert.rejects(refused, { reason: "wrong-kind", message: /"music" carries audio_stream.*"text"/ });
        const bad = { type: "audio_stream", data: new Uint8Array(3), sampleRate: 8000, channels: 1 };
        await assert.rejects(channels.publish("music", bad as unknown as AudioStream), { reason: "invalid-data" });
      }),
    );

    it(
      "carries AudioStreams with their methods, each subscriber its own",
      use(async ({ channels }) => {
        const channel = await channels.createChannel("music", { kind: "audio_stream" });
        const [a, b] = [channel.subscribe("a"), channel.subscribe("b")];
        const stream = AudioStream.fromSamples(Int16Array.of(1, 2, 3), { sampleRate: 8000, metadata: { n: 1 } });
        await channel.publish(stream, { copy: true });
        assert.equal(stream.data.length, 6, "the publisher keeps its own");
        const [ofA, ofB] = [(await a.next()).value, (await b.next()).value];
        assert.ok(ofA && ofB);
        assert.equal(ofA.durationSeconds(), 3 / 8000);
        ofA.data.fill(0);
        assert.deepEqual([...ofB.toSamples("int16")], [1, 2, 3]);
        assert.deepEqual(ofB.metadata, { n: 1 });
      }),
    );

    it(
      "tells what is wrong with names and options",
      use(async ({ channels }) => {
        await channels.createChannel("words", { kind: "text" });
        await assert.rejects(channels.createChannel("words", { kind: "text" }), { reason: "duplicate-channel" });
        await assert.rejects(channels.createChannel("", { kind: "text" }), { reason: "invalid-options" });
        const unknown = { kind: "sound", capacity: 0, retain: -1 } as unknown as { kind: "text" };
        await assert.rejects(channels.createChannel("x", unknown), (error: { problems: { path: string }[] }) => {
          assert.deepEqual(error.problems.map(({ path }) => path), ["kind", "capacity", "retain"]);
          return true;
        });
        await assert.rejects(channels.publish("none", text("x")), { reason: "channel-not-found", message: /"words"/ });
        const subscribed = async () => await channels.subscribe("none").next();
        await assert.rejects(subscribed(), { reason: "channel-not-found" });
        const first = channels.subscribe("words", "me");
        const again = async () => await channels.subscribe("words", "me").next();
        await assert.rejects(again(), { reason: "duplicate-subscriber" });
        await first.return();
      }),
    );

    it(
      "hears several publishers in one order",
      use(async ({ channels, manager }) => {
        await channels.createChannel("words", { kind: "text" });
        const [near, far] = [all(manager.subscribe("words", "near")), all(channels.subscribe("words", "far"))];
        // Over a port a subscription begins when its message has arrived.
        await passThrough(channels);
        assert.deepEqual(manager.list()[0]?.subscriberIds, ["near", "far"]);
        const publish = async (name: string, through: Channels) => {
          for (let i = 0; i < 50; i++) await through.publish("words", text(`${name}${i}`));
        };
        await Promise.all([publish("a", channels), publish("b", manager), publish("c", channels)]);
        await channels.close("words");
        const heard = await near;
        assert.equal(heard.length, 150);
        assert.deepEqual(await far, heard);
        for (const name of ["a", "b", "c"]) {
          const own = heard.filter((word) => word.startsWith(name));
          assert.deepEqual(own, Array.from({ length: 50 }, (_, i) => `${name}${i}`));
        }
      }),
    );

    it(
      "gives up waiting when the signal aborts, and the value is not delivered",
      use(async ({ channels }) => {
        const channel = await channels.createChannel("words", { kind: "text", capacity: 1 });
        await channel.publish(text("1"));
        const controller = new AbortController();
        const waiting = channel.publish(text("2"), { signal: controller.signal });
        assert.equal(await isSettled(waiting, channels), false);
        controller.abort(new Error("enough"));
        await assert.rejects(waiting, { message: "enough" });
        await assert.rejects(channel.publish(text("3"), { signal: controller.signal }), { message: "enough" });
        const subscription = channel.subscribe();
        await channel.publish(text("4"));
        assert.deepEqual(await take(subscription, 2), ["1", "4"]);
      }),
    );

    it(
      "refuses those who wait when a channel is closed",
      use(async ({ channels }) => {
        const channel = await channels.createChannel("words", { kind: "text", capacity: 1 });
        await channel.publish(text("1"));
        const waiting = channel.publish(text("2"));
        waiting.catch(() => {});
        assert.equal(await isSettled(waiting, channels), false);
        await channel.close();
        await channel.close();
        await assert.rejects(waiting, { reason: "channel-closed" });
        await assert.rejects(channels.publish("words", text("3")), { reason: "channel-not-found" });
        await channels.createChannel("words", { kind: "json" });
      }),
    );

    it(
      "ends a subscription by its signal, and lets the others go on",
      use(async ({ channels }) => {
        const channel = await channels.createChannel("words", { kind: "text" });
        const controller = new AbortController();
        const stopped = channel.subscribe("stopped", { signal: controller.signal });
        const other = channel.subscribe("other");
        const waiting = stopped.next();
        controller.abort(new Error("enough"));
        await assert.rejects(waiting, { message: "enough" });
        assert.deepEqual(await stopped.next(), { done: true, value: undefined });
        await channel.publish(text("1"));
        assert.deepEqual(await take(other, 1), ["1"]);
      }),
    );
  });
}

describe("policies of subscribers", () => {
  it("block holds publishers back; drop-oldest and drop-newest do not", async () => {
    await using manager = new ChannelManager();
    const channel = await manager.createChannel("words", { kind: "text" });
    const oldest = channel.subscribe("oldest", { policy: "drop-oldest", capacity: 2 });
    const newest = channel.subscribe("newest", { policy: "drop-newest", capacity: 2 });
    for (const word of ["1", "2", "3", "4"]) await channel.publish(text(word));
    assert.deepEqual([oldest.dropped, newest.dropped], [2, 2]);

    const block = channel.subscribe("block", { capacity: 1 });
    await channel.publish(text("5"));
    const waiting = channel.publish(text("6"));
    assert.equal(await isSettled(waiting, manager), false);
    assert.deepEqual(await take(block, 1), ["5"]);
    await waiting;
    await channel.close();
    assert.deepEqual([await all(oldest), await all(newest), await all(block)], [["5", "6"], ["1", "2"], ["6"]]);
  });

  it("a subscriber that leaves its loop no longer holds publishers back", async () => {
    await using manager = new ChannelManager();
    const channel = await manager.createChannel("words", { kind: "text" });
    const leaving = channel.subscribe("leaving", { capacity: 1 });
    const staying = channel.subscribe("staying");
    await channel.publish(text("1"));
    const waiting = channel.publish(text("2"));
    assert.equal(await isSettled(waiting, manager), false);
    for await (const _ of leaving) break;
    await waiting;
    assert.deepEqual(manager.list(), [{ name: "words", kind: "text", subscriberIds: ["staying"] }]);
    assert.deepEqual(await take(staying, 2), ["1", "2"]);
  });

  it("counts bytes as well as values", async () => {
    await using manager = new ChannelManager();
    const channel = await manager.createChannel("bytes", { kind: "binary", maxBytes: 1000 });
    channel.subscribe("slow");
    await channel.publish(RuntimeData.binary(new Uint8Array(2000)));
    const waiting = channel.publish(RuntimeData.binary(new Uint8Array(1)));
    waiting.catch(() => {});
    assert.equal(await isSettled(waiting, manager), false);
  });

  it("a value whose bytes have moved away while it waited is refused, and those behind it go on", async () => {
    await using manager = new ChannelManager();
    const channel = await manager.createChannel("bytes", { kind: "binary" });
    const slow = channel.subscribe("slow", { capacity: 1 });
    await channel.publish(RuntimeData.binary(new Uint8Array(1)));
    const bytes = new Uint8Array(8);
    const moved = channel.publish(RuntimeData.binary(bytes));
    moved.catch(() => {});
    const behind = channel.publish(RuntimeData.binary(new Uint8Array(2)));
    structuredClone(bytes, { transfer: [bytes.buffer] });
    await slow.next();
    await assert.rejects(moved, { reason: "detached-data" });
    await behind;
  });
});
