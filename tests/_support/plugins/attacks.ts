/** A plugin that tries to get out of its box; what it gets hold of, it sends out. */

import * as v from "valibot";
import { defineNode, definePlugin, RuntimeData } from "../../../core/plugin.ts";
import { FILE_ATTACKS } from "./attacks/files.ts";
import { NETWORK_ATTACKS } from "./attacks/network.ts";
import { PROCESS_ATTACKS } from "./attacks/process.ts";
import type { Attack } from "./attacks/target.ts";

const ATTACKS: { readonly [name: string]: Attack } = { ...FILE_ATTACKS, ...NETWORK_ATTACKS, ...PROCESS_ATTACKS };

/** The names of the attacks that can be tried on a runtime. */
export function attackNames(runtime: string): string[] {
  return Object.keys(ATTACKS).filter((name) => ATTACKS[name]!.only?.includes(runtime) ?? true);
}

const Target = v.object({
  secret: v.string(),
  link: v.string(),
  port: v.number(),
  socket: v.string(),
  fd: v.number(),
  pid: v.number(),
});

export default definePlugin({
  name: "attacks",
  version: "1.0.0",
  apiVersion: 1,
  nodes: [
    defineNode({
      type: "attacks.try",
      summary: "Tries an attack, and tells what came of it.",
      params: v.object({ attack: v.string(), target: Target }),
      inputs: { in: ["any"] },
      outputs: { out: ["json"] },
      create: ({ params: { attack, target } }) => ({
        async *process() {
          try {
            const got = await ATTACKS[attack]!.run(target);
            yield RuntimeData.json({ stopped: false, what: String(got).slice(0, 200) });
          } catch (error) {
            yield RuntimeData.json({ stopped: true, what: String(error).slice(0, 200) });
          }
        },
      }),
    }),
    defineNode({
      type: "attacks.import",
      summary: "Imports what each text names.",
      params: v.object({}),
      inputs: { in: ["text"] },
      outputs: { out: ["text"] },
      create: () => ({
        async process({ text }) {
          const outcome = await import(text).then(() => "imported", (error) => `failed to import: ${error}`);
          return RuntimeData.text(outcome);
        },
      }),
    }),
    defineNode({
      type: "attacks.exit",
      summary: "Ends its process.",
      params: v.object({}),
      inputs: { in: ["any"] },
      outputs: { out: ["json"] },
      create: () => ({
        async process() {
          (await import("node:process")).exit(7);
        },
      }),
    }),
    defineNode({
      type: "attacks.abort",
      summary: "Aborts its process, which may be the host's.",
      params: v.object({}),
      inputs: { in: ["any"] },
      outputs: { out: ["text"] },
      create: () => ({
        async process() {
          try {
            return (await import("node:process")).abort();
          } catch {
            return RuntimeData.text("stopped");
          }
        },
      }),
    }),
    defineNode({
      type: "attacks.close",
      summary: "Closes the files of its process, which may be the host's, by their numbers.",
      params: v.object({}),
      inputs: { in: ["any"] },
      outputs: { out: ["text"] },
      create: () => ({
        async process() {
          const { closeSync } = await import("node:fs");
          let closed = 0;
          for (let fd = 3; fd < 64; fd++) {
            try {
              closeSync(fd);
              closed += 1;
            } catch {
              // It has no such file, or may not.
            }
          }
          return RuntimeData.text(closed === 0 ? "stopped" : `closed ${closed}`);
        },
      }),
    }),
    defineNode({
      type: "attacks.signal",
      summary: "Takes the signal by which its process is asked to end.",
      params: v.object({}),
      inputs: { in: ["any"] },
      outputs: { out: ["text"] },
      create: () => ({
        async process() {
          (await import("node:process")).default.on("SIGTERM", () => {});
          return RuntimeData.text("listening");
        },
      }),
    }),
    defineNode({
      type: "attacks.patch",
      summary: "Changes what others lean on.",
      params: v.object({}),
      inputs: { in: ["any"] },
      outputs: { out: ["json"] },
      create: () => ({
        process() {
          Object.assign(Object.prototype, { polluted: true });
          globalThis.fetch = () => Promise.reject(new Error("patched"));
          return [];
        },
      }),
    }),
    defineNode({
      type: "attacks.hoard",
      summary: "Takes memory, a part at a time, and keeps it until it is ended, or gives it back.",
      params: v.object({ what: v.picklist(["heap", "buffers"]), mebibytes: v.number(), keeps: v.boolean() }),
      inputs: { in: ["any"] },
      outputs: { out: ["text"] },
      create: ({ params: { what, mebibytes, keeps } }) => ({
        async process() {
          const hoard: unknown[] = [];
          for (let taken = 0; taken < mebibytes; taken += 16) {
            // Of eight bytes each: numbers with a fraction are not packed into less.
            if (what === "heap") hoard.push(new Array(2 ** 21).fill(taken + 0.5));
            else hoard.push(new Uint8Array(2 ** 24).fill(1));
          }
          if (keeps) await new Promise<never>(() => {});
          return RuntimeData.text(`taken: ${hoard.length}`);
        },
      }),
    }),
    defineNode({
      type: "attacks.loop",
      summary: "Never gives its thread back.",
      params: v.object({}),
      inputs: { in: ["any"] },
      outputs: { out: ["json"] },
      create: () => ({
        process() {
          for (;;);
        },
      }),
    }),
  ],
});
