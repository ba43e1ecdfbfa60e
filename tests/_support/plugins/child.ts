/** A plugin that does what only hurts in a process of its own. */

import { defineNode, definePlugin, RuntimeData } from "../../../core/plugin.ts";
import { spawn } from "node:child_process";
import { writeSync } from "node:fs";
import { Socket } from "node:net";
import process from "node:process";

const ports = { inputs: { in: ["any"] }, outputs: { out: ["json"] } } as const;
const never = new Promise<never>(() => {});

/** Half a gigabyte: what it takes, it keeps. */
const HOARD_CHUNKS = 32;
const hoard: Uint8Array[] = [];

/** Where the pipe to the host is. */
const PIPE_FD = 3;

/** A frame of 15 bytes, of which nothing is a value. */
const NONSENSE = Uint8Array.of(15, 0, 0, 0, 1, 0, 0, 0, 0, 200, 1, 2, 3, 4, 5, 6, 7, 8, 9);

export default definePlugin({
  name: "child",
  version: "1.0.0",
  apiVersion: 1,
  nodes: [
    defineNode({
      type: "child.env",
      summary: "Tells the number of its process, and the names in its environment.",
      ...ports,
      create: () => ({ process: () => RuntimeData.json({ pid: process.pid, env: Object.keys(process.env) }) }),
    }),
    defineNode({
      type: "child.hoard",
      summary: "Takes memory that no heap limit counts, and never gives it back.",
      ...ports,
      create: () => ({
        async process() {
          while (hoard.length < HOARD_CHUNKS) {
            hoard.push(new Uint8Array(16 * 1024 ** 2).fill(1));
            await new Promise((resolve) => setImmediate(resolve)); // it is not stuck
          }
          return await never;
        },
      }),
    }),
    defineNode({
      type: "child.forge",
      summary: "Writes nonsense to the pipe.",
      ...ports,
      create: () => ({
        process() {
          if (process.versions["deno"] === undefined) {
            writeSync(PIPE_FD, NONSENSE);
            return never;
          }
          // Deno opens a descriptor once, so the next write to the pipe is taken over.
          const { write } = Socket.prototype;
          Socket.prototype.write = function (this: Socket) {
            return write.call(this, NONSENSE);
          };
          return RuntimeData.json(null);
        },
      }),
    }),
    defineNode({
      type: "child.spawn",
      summary: "Starts a process that goes on for long, and tells its number.",
      ...ports,
      create: () => ({
        process: () => RuntimeData.json(spawn("/bin/sh", ["-c", "exec sleep 600"], { stdio: "ignore" }).pid ?? 0),
      }),
    }),
    defineNode({
      type: "child.kill",
      summary: "Kills its process.",
      ...ports,
      create: () => ({
        process() {
          process.kill(process.pid, "SIGKILL");
          return never;
        },
      }),
    }),
  ],
});
