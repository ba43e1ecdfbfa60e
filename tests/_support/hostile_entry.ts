/**
 * A worker's entry that does not keep to the protocol where the manifest asks
 * for that, by a parameter `entry` of any node of the segment. Everything else
 * is left to the real one.
 *
 * @module
 */

import handle from "../../workers/entry.ts";
import type { WorkerTask } from "../../workers/protocol.ts";
import { postsOnLinks } from "./posts_on_links.ts";

/** What never comes from a well-behaved end of a link. */
const LINK_GARBAGE: readonly unknown[] = [
  ...[new ArrayBuffer(8), [new ArrayBuffer(8), 1], new Array(2)],
  ...[undefined, null, 0, -1, 3, "text", [], {}, { t: "what" }],
  ...[{ t: "data" }, { t: "data", s: -1, d: { type: "text", text: "x" } }, {
    t: "data",
    s: NaN,
    e: 0,
    b: 0,
    r: 0,
    d: 5,
  }],
  {
    t: "data",
    s: 0,
    e: 0,
    b: 0,
    r: 0,
    d: { type: "audio", samples: new Float32Array(3), sampleRate: -5, channels: 2 },
  },
  ...[{ t: "credit", n: 1e9, b: -1 }, { t: "credit", n: 0.5, b: 0 }, { t: "closed" }, { t: "end" }, { t: "end" }],
];

/** What never comes from a well-behaved task. */
const CONTROL_GARBAGE: readonly unknown[] = [
  ...[undefined, null, 7, "text", {}, { notice: "what" }, { id: "nobody asked", type: "RAW", value: 1 }],
  ...[[], [-1, 1], [999, 1], ["0", 1], [{}, { t: "end" }]],
  ...[{ notice: "ready", threadId: 999_999 }, { notice: "ready" }, { notice: "end" }],
];

/** Ways to break the protocol, by name. */
export const ENTRY_FAULTS = {
  /** Dies before it has said that it is ready. */
  "exit-before-ready": () => process.exit(9),
  /** Dies with all its ports, before any plugin was loaded. */
  "exit-after-ready": ({ trunk }: WorkerTask) => {
    trunk.postMessage({ notice: "ready", threadId: 0 });
    process.exit(9);
  },
  "garbage-on-links": (task: WorkerTask) => {
    if (task.kind !== "segment") return;
    for (const link of postsOnLinks(task)) for (const garbage of LINK_GARBAGE) link.postMessage(garbage);
  },
  "garbage-in-rings": (task: WorkerTask) => {
    for (const { ring } of linksOf(task)) {
      if (ring !== undefined) {
        new Int32Array(ring.buffer).forEach((_, i, words) => words[i] = Math.imul(i + 1, 0x9e37_79b1));
      }
    }
  },
  "garbage-on-control": ({ trunk }: WorkerTask) => {
    for (const garbage of CONTROL_GARBAGE) trunk.postMessage(garbage);
  },
} as const satisfies { readonly [name: string]: (task: WorkerTask) => void };

function linksOf(task: WorkerTask) {
  return task.kind === "segment" ? task.links : [];
}

/** Breaks the protocol as the manifest says, then does what the real entry does. */
export default async function handleBadly(task: WorkerTask): Promise<unknown> {
  const nodes = task.kind === "segment" ? task.spec.nodes : [];
  for (const { params } of nodes) {
    const name = (params as { readonly entry?: keyof typeof ENTRY_FAULTS } | null | undefined)?.entry;
    if (name !== undefined) ENTRY_FAULTS[name](task);
  }
  return await handle(task);
}
