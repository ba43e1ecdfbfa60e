/** A plugin whose nodes misbehave in every way that a third party's might. */

import { defineNode, definePlugin, RuntimeData } from "../../../core/plugin.ts";
import * as v from "valibot";

const any = { inputs: { in: ["any"] }, outputs: { out: ["any"] } } as const;
const never = new Promise<never>(() => {});

/** Passes values on until the one with the number `at`, where it does what its name says. */
function fault(type: string, misbehave: () => unknown) {
  return defineNode({
    type: `fault.${type}`,
    summary: `Misbehaves: ${type}.`,
    params: v.object({ at: v.optional(v.number(), 0) }),
    ...any,
    create({ params }) {
      let count = 0;
      return {
        async *process(data) {
          if (count++ === params.at) await misbehave();
          yield data;
        },
      };
    },
  });
}

export default definePlugin({
  name: "faults",
  version: "1.0.0",
  apiVersion: 1,
  nodes: [
    fault("throw", () => {
      throw new RangeError("this node throws");
    }),
    fault("throw-text", () => {
      throw "just text";
    }),
    fault("throw-with-code", () => {
      throw Object.assign(new Error("disk is full"), { code: "ENOSPC", cause: new TypeError("inner") });
    }),
    fault("reject", () => Promise.reject(new Error("this node rejects"))),
    fault("reject-late", () => {
      // Nobody waits for this one: it ends the thread.
      void Promise.resolve().then(() => Promise.reject(new Error("nobody catches this")));
      return never;
    }),
    fault("exit", () => {
      process.exit(7);
    }),
    fault("loop", () => {
      for (;;);
    }),
    fault("hang", () => never),
    fault("memory", () => {
      const hoard: number[][] = [];
      for (;;) hoard.push(new Array(1_000_000).fill(hoard.length));
    }),
    defineNode({
      type: "fault.hang-create",
      summary: "Is never created.",
      ...any,
      create: () => never,
    }),
    defineNode({
      type: "fault.throw-create",
      summary: "Cannot be created.",
      ...any,
      create() {
        throw new Error("no model");
      },
    }),
    defineNode({
      type: "fault.loop-create",
      summary: "Loops while it is created.",
      ...any,
      create() {
        for (;;);
      },
    }),
    defineNode({
      type: "fault.exit-create",
      summary: "Ends its thread while it is created.",
      ...any,
      create() {
        return process.exit(3);
      },
    }),
    defineNode({
      type: "fault.no-process",
      summary: "Gives no node.",
      ...any,
      create: () => ({}) as never,
    }),
    defineNode({
      type: "fault.flush",
      summary: "Throws at the end.",
      ...any,
      create: () => ({
        process: (data) => data,
        flush() {
          throw new Error("flush failed");
        },
      }),
    }),
    defineNode({
      type: "fault.dispose",
      summary: "Throws when it is disposed of.",
      ...any,
      create: () => ({
        process: (data) => data,
        [Symbol.asyncDispose]() {
          throw new Error("dispose failed");
        },
      }),
    }),
    defineNode({
      type: "fault.hang-dispose",
      summary: "Is never disposed of.",
      ...any,
      create: () => ({ process: (data) => data, [Symbol.asyncDispose]: () => never }),
    }),
    defineNode({
      type: "fault.wrong-output",
      summary: "Gives what is no RuntimeData.",
      ...any,
      create: () => ({ process: () => ({ hello: "world" }) as never }),
    }),
    defineNode({
      type: "fault.wrong-kind",
      summary: "Gives text where it declared audio.",
      inputs: { in: ["any"] },
      outputs: { out: ["audio"] },
      create: () => ({ process: () => RuntimeData.text("not audio") as never }),
    }),
    defineNode({
      type: "fault.reuse",
      summary: "Uses a value again after it was given away.",
      inputs: { in: ["audio"] },
      outputs: { out: ["audio"] },
      create: () => ({
        *process(data) {
          yield data;
          yield data;
        },
      }),
    }),
    defineNode({
      type: "fault.uncloneable",
      summary: "Gives what cannot be cloned.",
      ...any,
      create: () => ({ process: () => ({ type: "text", text: "x", handle: () => {} }) as never }),
    }),
    defineNode({
      type: "fault.events",
      summary: "Says what is done to it: created, disposed, aborted.",
      inputs: { in: ["any"] },
      outputs: { out: ["json"] },
      create({ log }) {
        log.warn("created");
        return {
          async *process(_data, { signal }) {
            yield RuntimeData.json({ event: "processing" });
            await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
            log.warn("aborted");
          },
          reset() {
            log.warn("reset");
          },
          [Symbol.asyncDispose]() {
            log.warn("disposed");
          },
        };
      },
    }),
  ],
});
