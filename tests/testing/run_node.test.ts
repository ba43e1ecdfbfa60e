import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, it } from "node:test";
import * as v from "valibot";
import { type AudioData, defineNode, RuntimeData, StreamrackError } from "../../core/plugin.ts";
import { runNode } from "../../testing/mod.ts";
import { rejectionOf } from "../_support/errors.ts";

const text = (...texts: string[]) => texts.map((value) => RuntimeData.text(value));
const textsOf = (output: readonly RuntimeData[]) => output.map(RuntimeData.asText);
const base = { type: "test.node", summary: "s", inputs: { in: ["text"] }, outputs: { out: ["text"] } } as const;
const collect = defineNode({
  ...base,
  create() {
    const held: string[] = [];
    return {
      process: ({ text }) => void held.push(text),
      flush: () => RuntimeData.text(held.join("+")),
    };
  },
});

describe("runNode", () => {
  it("feeds lists, iterables and streams, and flushes once at the end", async () => {
    async function* stream() {
      for (const data of text("a", "b")) yield await Promise.resolve(data);
    }
    for (const input of [text("a", "b"), new Set(text("a", "b")), stream()]) {
      assert.deepEqual(textsOf((await runNode(collect, input)).output), ["a+b"]);
    }
    assert.deepEqual(textsOf((await runNode(collect)).output), [""]);
  });

  it("feeds more than fits in its queue at once", async () => {
    const { output } = await runNode(collect, text(...Array.from({ length: 1000 }, () => "x")));
    assert.equal(textsOf(output)[0]?.length, 1999);
  });

  it("gives outputs by port, all ports, empty ones too", async () => {
    const split = defineNode({
      ...base,
      outputs: { long: ["text"], short: ["text"], never: ["json"] },
      create: () => ({ process: (data) => data.text.length > 2 ? { long: data } : { short: data } }),
    });
    const { output, outputs } = await runNode(split, text("abc", "a"));
    assert.deepEqual(output, outputs["long"]);
    assert.deepEqual([outputs["long"]?.length, outputs["short"]?.length, outputs["never"]], [1, 1, []]);
  });

  it("gives several sources their ports and their names", async () => {
    const seen: string[] = [];
    const node = defineNode({
      ...base,
      inputs: { left: ["text"], right: ["text"] },
      create: ({ sources }) => {
        seen.push(sources.map(({ port, from }) => `${port} of ${from}`).join(", "));
        return {
          process(input, { source, sequence }) {
            seen.push(`${Object.keys(input).join()} ${source.from} ${sequence}`);
          },
        };
      },
    });
    await runNode(node, { sources: [{ data: text("a", "b"), from: "x" }, { port: "right", data: text("c") }] });
    assert.deepEqual(seen, ["left of x, right of undefined", "left x 0", "right undefined 0", "left x 1"]);
  });

  it("zips sources", async () => {
    const seen: string[][] = [];
    const node = defineNode({
      ...base,
      inputs: { left: ["text"], right: ["text"] },
      align: "zip",
      create: () => ({
        process: (input) => void seen.push(Object.entries(input).map(([port, data]) => `${port}=${data?.text}`)),
      }),
    });
    await runNode(node, { sources: [{ port: "right", data: text("1", "2") }, { port: "left", data: text("a") }] });
    assert.deepEqual(seen, [["right=1", "left=a"], ["right=2"]]);
  });

  it("runs a node without input once", async () => {
    const source = defineNode({
      ...base,
      inputs: {},
      create: () => ({
        process() {},
        *flush() {
          yield* text("made", "here");
        },
      }),
    });
    assert.deepEqual(textsOf((await runNode(source)).output), ["made", "here"]);
  });

  it("fills in parameters, and reports wrong ones", async () => {
    const node = defineNode({
      ...base,
      params: v.object({ times: v.optional(v.number(), 2) }),
      create: ({ params, nodeId }) => ({
        process: ({ text }) => RuntimeData.text(`${nodeId} ${text.repeat(params.times)}`),
      }),
    });
    assert.deepEqual(textsOf((await runNode(node, text("a"))).output), ["node aa"]);
    assert.deepEqual(textsOf((await runNode(node, text("a"), { params: { times: 3 }, nodeId: "n" })).output), [
      "n aaa",
    ]);
    const error = await rejectionOf(runNode(node, text("a"), { params: { times: "3" } }));
    assert.deepEqual([error.reason, error.problems[0]?.path], ["invalid-params", "params.times"]);
  });

  it("keeps what the node logs", async () => {
    const node = defineNode({
      ...base,
      create: ({ log }) => ({ process: ({ text }) => log.warn(text, { at: 1 }) }),
    });
    const { log } = await runNode(node, text("careful"));
    assert.deepEqual(log.map(({ level, message, details, nodeId }) => [level, message, details, nodeId]), [
      ["warn", "careful", { at: 1 }, "node"],
    ]);
  });

  it("leaves the caller's values alone", async () => {
    const input = RuntimeData.audio({ samples: Float32Array.of(1, 2), sampleRate: 8000 });
    const node = defineNode({
      ...base,
      inputs: { in: ["audio"] },
      outputs: { out: ["audio"] },
      create: () => ({
        process(audio) {
          audio.samples.fill(0);
          return audio;
        },
      }),
    });
    const { output } = await runNode(node, [input]);
    assert.deepEqual([...input.samples], [1, 2]);
    assert.deepEqual([...(output[0] as AudioData).samples], [0, 0]);
  });

  it("strict: takes away what a node has yielded; not strict: leaves it", async () => {
    const lengths: number[] = [];
    const node = defineNode({
      ...base,
      outputs: { out: ["audio"] },
      create: () => ({
        *process() {
          const samples = new Float32Array(4);
          yield RuntimeData.audio({ samples, sampleRate: 8000 });
          lengths.push(samples.length);
        },
      }),
    });
    await runNode(node, text("a"));
    await runNode(node, text("a"), { strict: false });
    assert.deepEqual(lengths, [0, 4]);
  });

  it("strict: gives only the bytes that are meant, of a part of a buffer or of a pooled Buffer", async () => {
    const node = defineNode({
      ...base,
      outputs: { out: ["binary"] },
      create: () => ({
        *process() {
          yield RuntimeData.binary(new Uint8Array(1000).subarray(10, 12));
          yield RuntimeData.binary(Buffer.from("ab"));
          yield RuntimeData.binary(new Uint8Array(new SharedArrayBuffer(3)));
        },
      }),
    });
    const { output } = await runNode(node, text("a"));
    const buffers = output.map((data) => RuntimeData.asBinary(data).buffer);
    assert.deepEqual(buffers.map(({ byteLength }) => byteLength), [2, 2, 3]);
    assert.ok(buffers.every((buffer) => buffer instanceof ArrayBuffer));
  });

  it("says clearly that a node sends a value twice", async () => {
    const node = defineNode({
      ...base,
      outputs: { out: ["binary"] },
      create: () => ({
        *process() {
          const data = RuntimeData.binary(new Uint8Array(4));
          yield data;
          yield data;
        },
      }),
    });
    const error = await rejectionOf(runNode(node, text("a")));
    assert.deepEqual([error.reason, error.nodeId], ["detached-data", "node"]);
  });

  it("names node and plugin of what a node throws, wherever it throws", async () => {
    const boom = new RangeError("boom");
    const fail = (): never => {
      throw boom;
    };
    const nodes = [
      { process: fail },
      { process: () => Promise.reject(boom) },
      {
        *process() {
          yield fail();
        },
      },
      {
        async *process() {
          yield await Promise.reject(boom);
        },
      },
      { process() {}, flush: fail },
      { process() {}, [Symbol.asyncDispose]: () => Promise.reject(boom) },
    ];
    for (const node of nodes) {
      const error = await rejectionOf(runNode(defineNode({ ...base, create: () => node as never }), text("a")));
      assert.deepEqual([error.reason, error.nodeId, error.pluginName, error.cause], [
        "node-failed",
        "node",
        "test",
        boom,
      ]);
    }
  });

  it("keeps code and problems of an error of ours that a node throws", async () => {
    const node = defineNode({
      ...base,
      create: () => ({
        process() {
          throw new StreamrackError("invalid-media", "no header", { problems: [{ path: "p", message: "m" }] });
        },
      }),
    });
    const error = await rejectionOf(runNode(node, text("a")));
    assert.deepEqual([error.reason, error.nodeId, error.problems[0]?.path], ["invalid-media", "node", "p"]);
  });

  it("refuses outputs that do not fit the declaration", async () => {
    const outputs: [unknown, RegExp][] = [
      [RuntimeData.json(1), /output "out": is not right; received "json"; expected text/],
      ["text", /output "out": is not RuntimeData; received "text"/],
      [{ type: "text" }, /output "out"\.text: is not text; received undefined/],
    ];
    for (const [output, message] of outputs) {
      const node = defineNode({ ...base, create: () => ({ process: () => [output] as never }) });
      assert.match((await rejectionOf(runNode(node, text("a")))).message, message);
    }
    const several = { ...base, outputs: { a: ["text"], b: ["text"] } } as const;
    const wrongPorts: [unknown, RegExp][] = [
      [RuntimeData.text("x"), /an object with some of the ports a, b/],
      [{ c: RuntimeData.text("x") }, /output port: is not right; received "c"; expected one of a, b/],
      [{ constructor: RuntimeData.text("x") }, /received "constructor"/],
    ];
    for (const [output, message] of wrongPorts) {
      const node = defineNode({ ...several, create: () => ({ process: () => output as never }) });
      assert.match((await rejectionOf(runNode(node, text("a")))).message, message);
    }
  });

  it("refuses inputs that the node does not take, as a session does", async () => {
    const wrongKind = await rejectionOf(runNode(collect, [RuntimeData.json(1)]));
    assert.equal(wrongKind.reason, "wrong-kind");
    const invalid = await rejectionOf(runNode(collect, [{ type: "text" } as never]));
    assert.deepEqual([invalid.reason, invalid.problems[0]?.path], ["invalid-data", 'input "in".text']);
    const moved = RuntimeData.binary(new Uint8Array(4));
    structuredClone(moved, { transfer: RuntimeData.transferables(moved) });
    assert.equal(
      (await rejectionOf(runNode({ ...collect, inputs: { in: ["any"] } }, [moved]))).reason,
      "detached-data",
    );
    for (const port of ["other", "toString", "__proto__"]) {
      assert.equal((await rejectionOf(runNode(collect, { sources: [{ port, data: [] }] }))).reason, "unknown-target");
    }
    const zip = { ...collect, align: "zip" } as const;
    assert.equal((await rejectionOf(runNode(zip, { sources: [{ data: [] }, { data: [] }] }))).reason, "unknown-target");
    const source = { ...collect, inputs: {} };
    assert.equal((await rejectionOf(runNode(source, { sources: [{ data: [] }] }))).reason, "unknown-target");
  });

  it("rejects with what the input throws", async () => {
    const boom = new Error("no more input");
    async function* failing() {
      yield* text("a");
      await Promise.reject(boom);
    }
    await assert.rejects(runNode(collect, failing()), boom);
  });

  it("ends when its signal aborts: before the start, while it waits, while it works; and disposes of the node", async () => {
    for (const phase of ["start", "wait", "work"]) {
      const controller = new AbortController();
      const events: string[] = [];
      const node = defineNode({
        ...base,
        create: ({ signal }) => ({
          async process(_, item) {
            events.push("process");
            queueMicrotask(() => controller.abort("enough"));
            await new Promise((resolve) => item.signal.addEventListener("abort", resolve, { once: true }));
            events.push(signal.aborted ? "both aborted" : "session not aborted");
          },
          async [Symbol.asyncDispose]() {
            await Promise.resolve();
            events.push("disposed");
          },
        }),
      });
      const never = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) };
      if (phase === "start") controller.abort("enough");
      const run = runNode(node, phase === "work" ? text("a") : never, { signal: controller.signal });
      if (phase === "wait") setTimeout(() => controller.abort("enough"), 0);
      const error = await rejectionOf(run);
      assert.deepEqual([error.reason, error.cause], ["session-cancelled", "enough"], phase);
      if (phase === "work") assert.deepEqual(events, ["process", "both aborted", "disposed"]);
      else assert.ok(!events.includes("process"));
    }
  });
});
