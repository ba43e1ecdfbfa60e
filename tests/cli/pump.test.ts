import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { bindFiles, parseFileArgument, type SessionPort, type Side } from "../../cli/flow/bindings.ts";
import type { Input } from "../../cli/flow/inputs.ts";
import { pump } from "../../cli/flow/pump.ts";
import { RuntimeData } from "../../core/data/runtime_data.ts";
import type { Session, SessionOutput } from "../../core/pipeline/session.ts";

const PORT: SessionPort = { nodeId: "node", port: "in", kinds: ["text"] };

/** A session that hands every value on, one at a time, and remembers how it was treated. */
function fakeSession(): { session: Session; events: string[] } {
  const events: string[] = [];
  const queue: SessionOutput[] = [];
  let wake = () => {};
  let end = "open" as "open" | "finished" | Error;
  let room = () => {};
  const failIfCancelled = () => {
    if (end instanceof Error) throw end;
  };
  const session = {
    async send(data: RuntimeData) {
      failIfCancelled();
      events.push(`sent ${RuntimeData.asText(data)}`);
      const item = {
        nodeId: "node",
        port: "out",
        data,
        sequence: 0,
        missing: 0,
        isPartial: false,
        progress: undefined,
      };
      queue.push(item);
      wake();
      await new Promise<void>((resolve) => room = resolve);
      failIfCancelled();
    },
    finish() {
      events.push("finish");
      end = "finished";
      wake();
      return Promise.resolve();
    },
    cancel() {
      events.push("cancel");
      if (end === "open") end = new Error("the session was cancelled");
      wake();
      room();
      return Promise.resolve();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const output = queue.shift();
        failIfCancelled();
        if (output !== undefined) {
          yield output;
          room();
        } else if (end === "finished") return;
        else await new Promise<void>((resolve) => wake = resolve);
      }
    },
  };
  return { session: session as unknown as Session, events };
}

function textInput(texts: Iterable<string>, events: string[]): Input {
  const values = async function* () {
    for (const text of texts) yield RuntimeData.text(text);
  };
  const close = () => Promise.resolve(void events.push("closed"));
  return { name: "texts", audio: undefined, totalSeconds: undefined, values: values(), close };
}

describe("pump", () => {
  it("sends, receives and finishes; a slow output holds the next one back", async () => {
    const { session, events } = fakeSession();
    let release = () => {};
    let arrived = () => {};
    const first = new Promise<void>((resolve) => arrived = resolve);
    const onOutput = async ({ data }: SessionOutput) => {
      events.push(`got ${RuntimeData.asText(data)}`);
      arrived();
      await new Promise<void>((resolve) => release = resolve);
      events.push("written");
    };
    const input = textInput(["a", "b"], events);
    const done = pump(session, [{ port: PORT, input }], { onOutput }, new AbortController().signal);
    await first;
    assert.deepEqual(events, ["sent a", "got a"]);
    const second = new Promise<void>((resolve) => arrived = resolve);
    release();
    await second;
    release();
    await done;
    assert.deepEqual(events, ["sent a", "got a", "written", "sent b", "got b", "written", "finish"]);
  });

  it("an output that fails cancels the session, and is what is thrown", async () => {
    const { session, events } = fakeSession();
    const onOutput = () => Promise.reject(new RangeError("the disk is full"));
    const input = textInput(["a", "b"], events);
    const done = pump(session, [{ port: PORT, input }], { onOutput }, new AbortController().signal);
    await assert.rejects(done, RangeError);
    assert.deepEqual(events, ["sent a", "cancel", "closed"]);
  });

  it("an input that fails cancels the session, and is what is thrown", async () => {
    const { session, events } = fakeSession();
    const input = textInput(
      (function* () {
        yield "a";
        throw new RangeError("the file is cut short");
      })(),
      events,
    );
    const onOutput = () => Promise.resolve();
    const done = pump(session, [{ port: PORT, input }], { onOutput }, new AbortController().signal);
    await assert.rejects(done, RangeError);
    assert.deepEqual(events, ["sent a", "cancel", "closed"]);
  });

  it("a signal ends it also while an output takes nothing", async () => {
    const { session, events } = fakeSession();
    const controller = new AbortController();
    const onOutput = () => {
      controller.abort(new RangeError("interrupted"));
      return new Promise<void>(() => {});
    };
    const done = pump(session, [{ port: PORT, input: textInput(["a"], events) }], { onOutput }, controller.signal);
    await assert.rejects(done, RangeError);
    assert.deepEqual(events, ["sent a", "cancel", "closed"]);
  });
});

describe("bindFiles", () => {
  const side: Side = {
    name: "output",
    flag: "-o",
    kindsOf: (path) => path.endsWith(".wav") ? ["audio"] : ["json", "text"],
  };
  const audio: SessionPort = { nodeId: "vad", port: "out", kinds: ["audio"] };
  const events: SessionPort = { nodeId: "vad", port: "events", kinds: ["json"] };
  const any: SessionPort = { nodeId: "pass", port: "out", kinds: ["any"] };
  const bind = (paths: string[], ports: SessionPort[]) =>
    bindFiles(paths.map(parseFileArgument), ports, side).map(({ port, path }) => `${port.nodeId}.${port.port}=${path}`);

  it("finds the port that fits", () => {
    assert.deepEqual(bind(["a.wav", "b.json"], [audio, events]), ["vad.out=a.wav", "vad.events=b.json"]);
    assert.deepEqual(bind(["a.wav"], [any, events]), ["pass.out=a.wav"]);
    assert.deepEqual(bind(["a.wav"], [any, audio]), ["vad.out=a.wav"]);
  });

  it("takes names, also of ports; a file without a name takes what is left", () => {
    assert.deepEqual(bind(["vad.events=x.json", "pass=a.wav"], [any, audio, events]), [
      "vad.events=x.json",
      "pass.out=a.wav",
    ]);
    assert.deepEqual(bind(["b.json", "pass=x.json"], [any, events]), ["pass.out=x.json", "vad.events=b.json"]);
  });

  it("refuses what fits nothing, or more than one", () => {
    const second: SessionPort = { nodeId: "copy", port: "out", kinds: ["audio"] };
    assert.throws(() => bind(["a.wav"], [audio, second]), /fits more than one output; write -o NODE=a\.wav/);
    assert.throws(() => bind(["a.wav"], [events]), /fits no output.*received a\.wav \(audio\); expected vad \(json\)/);
    assert.throws(
      () => bind(["x=a.wav"], [audio, events]),
      /names no output.*expected vad\.out \(audio\), vad\.events/,
    );
    assert.throws(() => bind(["vad=a.wav"], [audio, events]), /fits more than one/);
    assert.throws(() => bind(["a.wav"], []), /the pipeline has no output/);
  });

  it("a path may hold an equals sign behind a slash", () => {
    assert.deepEqual(parseFileArgument("./a=b.wav"), { target: undefined, path: "./a=b.wav" });
    assert.deepEqual(parseFileArgument("node=a=b.wav"), { target: "node", path: "a=b.wav" });
    assert.deepEqual(parseFileArgument("a.wav"), { target: undefined, path: "a.wav" });
  });
});
