/** A plugin that means harm: what it throws, logs, gives and calls is chosen to break whoever looks at it. */

import { defineNode, definePlugin, RuntimeData } from "../../../core/plugin.ts";
import * as v from "valibot";
import { HOSTILE } from "../hostile.ts";

const any = { inputs: { in: ["any"] }, outputs: { out: ["any"] } } as const;

/** Ends its own thread, as far as the runtime has a way for it. */
const ENDS = {
  exit: () => process.exit(0),
  "exit-with-code": () => process.exit(9),
  // A worker of the web has it; elsewhere there is no such function, and the node goes on.
  close: () => (globalThis as { close?(): void }).close?.(),
} as const;

export default definePlugin({
  name: "hostile",
  version: "1.0.0",
  apiVersion: 1,
  nodes: [
    defineNode({
      type: "hostile.throw",
      summary: "Throws what throws when it is looked at.",
      params: v.object({ which: v.number(), when: v.picklist(["create", "process", "flush", "dispose", "params"]) }),
      ...any,
      create({ params: { which, when } }) {
        const throwIn = (place: string) => {
          if (when === place) throw HOSTILE[which];
        };
        throwIn("create");
        return {
          process(data) {
            throwIn("process");
            return data;
          },
          flush: () => throwIn("flush"),
          [Symbol.asyncDispose]: () => throwIn("dispose"),
        };
      },
    }),
    defineNode({
      type: "hostile.node",
      summary: "Gives a node that throws when it is looked at.",
      params: v.object({ which: v.number() }),
      ...any,
      create: ({ params: { which } }) => HOSTILE[which] as never,
    }),
    defineNode({
      type: "hostile.end",
      summary: "Ends its own thread.",
      params: v.object({ how: v.picklist(Object.keys(ENDS) as (keyof typeof ENDS)[]), when: v.string() }),
      ...any,
      create({ params: { how, when } }) {
        if (when === "create") ENDS[how]();
        return {
          process(data) {
            if (when === "process") ENDS[how]();
            return data;
          },
          flush() {
            if (when === "flush") ENDS[how]();
          },
        };
      },
    }),
    defineNode({
      type: "hostile.log",
      summary: "Logs a lot, and long.",
      params: v.object({ count: v.number(), chars: v.number() }),
      ...any,
      create: ({ params: { count, chars }, log }) => ({
        process(data) {
          const details = { all: "d".repeat(chars) };
          for (let i = 0; i < count; i++) log.info("m".repeat(chars), details);
          return data;
        },
      }),
    }),
    defineNode({
      type: "hostile.fold",
      summary: "Gives a small value that would be endless if it was written out.",
      ...any,
      create: () => ({
        process() {
          const value = Array.from({ length: 60 }).reduce((inner: unknown) => [inner, inner], "x");
          return { type: "json", value } as RuntimeData;
        },
      }),
    }),
    defineNode({
      type: "hostile.keys",
      summary: "Gives keys that pollute prototypes where somebody assigns by them.",
      ...any,
      create: () => ({
        process() {
          const keys = JSON.parse('{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}}');
          return RuntimeData.json(keys, { metadata: keys });
        },
      }),
    }),
  ],
});
