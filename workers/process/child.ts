/**
 * What runs in a child process: the entry of workers, with a pipe to the host
 * in place of a thread's messages.
 *
 * @module
 */

import { connect, Socket } from "node:net";
import process from "node:process";
import { toErrorEnvelope } from "../../core/error_envelope.ts";
import type { SegmentSpec } from "../../core/pipeline/segment.ts";
import { readableEnv } from "../box/close_box.ts";
import handle from "../entry.ts";
import type { WorkerTask } from "../protocol.ts";
import { PortMux } from "./port_mux.ts";
import type { FromChild, ToChild } from "./process_messages.ts";

/** Where the host has put the pipe. */
const PIPE_FD = 3;

// Deno adds to the environment that it was given; what was granted stands on the command line.
const granted = process.argv.slice(2);
if (!granted.includes("=")) {
  for (const name of Object.keys(readableEnv())) if (!granted.includes(name)) delete process.env[name];
}

// Bun takes a descriptor only where one connects, the others only where a socket is made.
const pipe = process.versions["bun"] === undefined
  ? new Socket({ fd: PIPE_FD, readable: true, writable: true })
  : connect({ fd: PIPE_FD } as never);
const mux = new PortMux(pipe, "child", {
  onMessage: (message, group) => void run(message as ToChild, group),
  // Whatever was the matter with the host: without it there is nothing to do here.
  onClose: () => process.exit(0),
});
const say = (message: FromChild) => void mux.post(message);
say({ t: "ready" });

/** On each link, beside the values of a full window: its end, and word of what was taken on the other side. */
const MESSAGES_SPARE = 64;

async function run({ id, task }: ToChild, group: number): Promise<void> {
  try {
    if (task.kind === "segment") mux.allowEarly(earlyMessages(task.spec));
    say({ t: "result", id, value: await handle(task as WorkerTask) });
  } catch (thrown) {
    say({ t: "failed", id, error: toErrorEnvelope(thrown) });
  }
  mux.release(group);
}

/** Most messages that may come for a segment before anybody listens: all links with the host are on one port. */
function earlyMessages({ limits, edges }: SegmentSpec): number {
  return edges.reduce((sum, edge) => sum + (edge.limits ?? limits).items + MESSAGES_SPARE, MESSAGES_SPARE);
}
