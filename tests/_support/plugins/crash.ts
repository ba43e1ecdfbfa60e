/** A plugin whose nodes break at chosen values, in chosen ways: what restart and replay are tested with. */

import { defineNode, definePlugin, type ItemContext, partial, RuntimeData } from "../../../core/plugin.ts";
import { closeSync, openSync } from "node:fs";
import * as v from "valibot";

const never = new Promise<never>(() => {});

/** Ways to break. Those from `exit` on cost the thread. */
const WAYS = {
  throw: () => {
    throw new RangeError("it throws");
  },
  reject: () => Promise.reject(new Error("it rejects")),
  hang: () => never,
  /** Waits until it is asked to return, and then does. */
  wait: (signal?: AbortSignal) =>
    new Promise<void>((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason), { once: true })),
  exit: () => process.exit(7),
  "reject-late": () => {
    void Promise.resolve().then(() => Promise.reject(new Error("nobody catches this")));
    return never;
  },
  loop: () => {
    for (;;);
  },
  memory: () => {
    const hoard: number[][] = [];
    for (;;) hoard.push(new Array(1_000_000).fill(hoard.length));
  },
} as const satisfies { readonly [way: string]: (signal?: AbortSignal) => unknown };

const Params = v.object({
  /** Values at which it breaks, by their number: the first sample of audio, or the number in json. */
  at: v.optional(v.array(v.number()), []),
  how: v.optional(v.picklist(Object.keys(WAYS) as (keyof typeof WAYS)[]), "exit"),
  /** Before its first output, between the two of its outputs (of which the first is partial), or after the last. */
  when: v.optional(v.picklist(["before", "amid", "after", "create", "flush", "reset", "dispose"]), "before"),
  /** In how many attempts at a value it breaks; with tickets, how often in all. */
  times: v.optional(v.number(), 1),
  /** Beginning of the paths of files, of which it makes one each time that it breaks: so it knows in another thread. */
  tickets: v.optional(v.string()),
  /** Works so long on each value, in milliseconds. */
  workMs: v.optional(v.number(), 0),
});

/** Whether a ticket was left. */
function takeTicket(tickets: string, times: number): boolean {
  for (let i = 0; i < times; i++) {
    try {
      closeSync(openSync(`${tickets}-${i}`, "wx"));
      return true;
    } catch {
      // It was taken before.
    }
  }
  return false;
}

/** The number of a value. */
function numberOf(data: RuntimeData): number {
  if (data.type === "audio") return data.samples[0] as number;
  return data.type === "json" ? data.value as number : -1;
}

/** Writes down the greatest attempt that the value has seen. */
function marked(data: RuntimeData, attempt: number): RuntimeData {
  if (data.type === "audio") data.samples[1] = Math.max(data.samples[1] as number, attempt);
  return data;
}

export default definePlugin({
  name: "crash",
  version: "1.0.0",
  apiVersion: 1,
  nodes: [
    defineNode({
      type: "crash.at",
      summary: "Passes values on, with the attempt in the second sample; breaks at some of them.",
      params: Params,
      inputs: { in: ["any"] },
      outputs: { out: ["any"] },
      async create({ params: { at, how, when, times, tickets, workMs } }) {
        const breaks = async (moment: typeof when, signal?: AbortSignal) => {
          if (moment === when && (tickets === undefined || takeTicket(tickets, times))) await WAYS[how](signal);
        };
        const breaksAt = async (moment: typeof when, data: RuntimeData, { attempt, signal }: ItemContext) => {
          if ((tickets !== undefined || attempt <= times) && at.includes(numberOf(data))) await breaks(moment, signal);
        };
        await breaks("create");
        return {
          async *process(data, item) {
            if (workMs > 0) await new Promise((resolve) => setTimeout(resolve, workMs));
            await breaksAt("before", data, item);
            if (when === "amid" && at.includes(numberOf(data))) {
              yield partial(RuntimeData.json(numberOf(data)));
              await breaksAt("amid", data, item);
            }
            // The number is read first: the value is the pipeline's once it was yielded.
            const copy = RuntimeData.json(numberOf(data));
            yield marked(data, item.attempt);
            await breaksAt("after", copy, item);
          },
          async flush() {
            await breaks("flush");
          },
          async reset() {
            await breaks("reset");
          },
          async [Symbol.asyncDispose]() {
            await breaks("dispose");
          },
        };
      },
    }),
    defineNode({
      type: "crash.seen",
      summary: "Says what it was told of each value: number, attempt, missing.",
      inputs: { in: ["any"] },
      outputs: { out: ["json"] },
      create: () => ({
        process: (data, { attempt, missing, sequence }) =>
          RuntimeData.json({ number: numberOf(data), attempt, missing, sequence }),
      }),
    }),
  ],
});
