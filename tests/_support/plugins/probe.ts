/** A plugin that shows how it is run. */

import { defineNode, definePlugin, RuntimeData } from "../../../core/plugin.ts";
import { threadId } from "node:worker_threads";
import * as v from "valibot";

export default definePlugin({
  name: "probe",
  version: "1.0.0",
  apiVersion: 1,
  nodes: [
    defineNode({
      type: "probe.thread",
      summary: `Answers every value with the number of its thread; described on thread ${threadId}.`,
      inputs: { in: ["any"] },
      outputs: { out: ["json"] },
      create: () => ({ process: () => RuntimeData.json(threadId) }),
    }),
    defineNode({
      type: "probe.count",
      summary: "Passes values on, numbered in their metadata as it saw them.",
      inputs: { in: ["any"] },
      outputs: { out: ["any"] },
      create: () => ({
        async *process(data, { sequence }) {
          yield { ...data, metadata: { ...data.metadata, sequence } };
        },
      }),
    }),
    defineNode({
      type: "probe.echo",
      summary: "Passes values on as they are.",
      inputs: { in: ["any"] },
      outputs: { out: ["any"] },
      create: () => ({ process: (data) => data }),
    }),
    defineNode({
      type: "probe.tally",
      summary: "Answers every value with how many it has seen.",
      inputs: { in: ["any"] },
      outputs: { out: ["json"] },
      create: () => {
        let seen = 0;
        return { process: () => RuntimeData.json(++seen) };
      },
    }),
    defineNode({
      type: "probe.binary",
      summary: "Answers every value with bytes.",
      inputs: { in: ["any"] },
      outputs: { out: ["binary"] },
      create: () => ({ process: () => RuntimeData.binary(Uint8Array.of(1, 2, 3)) }),
    }),
    defineNode({
      type: "probe.hold",
      summary: "Holds everything back until the end.",
      inputs: { in: ["text"] },
      outputs: { out: ["text"] },
      create() {
        let held: string[] = [];
        return {
          process(data) {
            held.push(data.text);
          },
          *flush() {
            for (const text of held) yield RuntimeData.text(text);
          },
          reset() {
            held = [];
          },
        };
      },
    }),
    defineNode({
      type: "probe.idle",
      summary: "Gives numbers of its own accord, and tells what it saw of each input.",
      params: v.object({ count: v.number(), fails: v.optional(v.boolean(), false) }),
      inputs: { in: ["text"] },
      outputs: { out: ["json"] },
      create({ params }) {
        let given = 0;
        let [waits, ends, resets] = [0, 0, 0];
        return {
          process: ({ text }) => RuntimeData.json({ text, waits, ends, resets }),
          async *idle(signal) {
            waits += 1;
            try {
              while (given < params.count && !signal.aborted) yield RuntimeData.json(given++);
              if (params.fails) throw new Error("no more numbers");
              await new Promise((resolve) => {
                if (signal.aborted) resolve(undefined);
                else signal.addEventListener("abort", resolve, { once: true });
              });
            } finally {
              ends += 1;
            }
          },
          flush: () => RuntimeData.json("flushed"),
          reset: () => void (resets += 1),
        };
      },
    }),
    defineNode({
      type: "probe.many",
      summary: "Answers one value with many.",
      params: v.object({ count: v.number() }),
      inputs: { in: ["any"] },
      outputs: { out: ["json"] },
      create: ({ params }) => ({
        *process() {
          for (let i = 0; i < params.count; i++) yield RuntimeData.json(i);
        },
      }),
    }),
    defineNode({
      type: "probe.endless",
      summary: "Answers one value with audio without end, at a pace that every reader keeps up with, and never waits.",
      inputs: { in: ["any"] },
      outputs: { out: ["audio"] },
      create: () => ({
        *process() {
          for (;;) {
            for (const untilMs = performance.now() + 0.3; performance.now() < untilMs;);
            yield RuntimeData.audio({ samples: new Float32Array(16), sampleRate: 8000 });
          }
        },
      }),
    }),
    defineNode({
      type: "probe.split",
      summary: "Sends text to one port and the rest to the other.",
      inputs: { in: ["any"] },
      outputs: { text: ["text"], rest: ["any"] },
      create: () => ({ process: (data) => data.type === "text" ? { text: data } : { rest: data } }),
    }),
    defineNode({
      type: "probe.pair",
      summary: "Joins the texts of two ports.",
      inputs: { a: ["text"], b: ["text"] },
      outputs: { out: ["text"] },
      align: "zip",
      create: () => ({ process: ({ a, b }) => RuntimeData.text(`${a?.text ?? "-"}${b?.text ?? "-"}`) }),
    }),
    defineNode({
      type: "probe.sources",
      summary: "Says where every value came from.",
      inputs: { in: ["any"] },
      outputs: { out: ["json"] },
      create: () => ({
        process: (_data, { source, sequence }) => RuntimeData.json({ from: source.from ?? null, sequence }),
      }),
    }),
    defineNode({
      type: "probe.traceparent",
      summary: "Answers every value with its trace context.",
      inputs: { in: ["any"] },
      outputs: { out: ["json"] },
      create: ({ traceparent }) => ({ process: () => RuntimeData.json(traceparent ?? null) }),
    }),
    defineNode({
      type: "probe.log",
      summary: "Logs with details of both kinds.",
      inputs: { in: ["any"] },
      outputs: { out: ["any"] },
      create: ({ log }) => ({
        process(data) {
          log.info("plain", { n: 1 });
          log.info("odd", { handle: (() => {}) as never });
          return data;
        },
      }),
    }),
    defineNode({
      type: "probe.generate",
      summary: "Has no input: gives a few values at the start.",
      inputs: {},
      outputs: { out: ["json"] },
      create: () => ({
        process() {},
        *flush() {
          for (let i = 0; i < 3; i++) yield RuntimeData.json(i);
        },
      }),
    }),
  ],
});
