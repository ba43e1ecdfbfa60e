/**
 * A worker's entry that attacks the host where the manifest asks for that, by
 * a parameter `attack` of a node. It has what a plugin could get hold of in its
 * thread: its trunk, the ends of the other links, all shared memory, and the
 * pool's own port.
 *
 * @module
 */

import { MessagePort as NodeMessagePort, parentPort } from "node:worker_threads";
import process from "node:process";
import handle from "../../workers/entry.ts";
import type { SegmentTask, WorkerTask } from "../../workers/protocol.ts";
import { type Post, postsOnLinks } from "../_support/posts_on_links.ts";
import { Random } from "../_support/random.ts";
import { hostileValue, mutated } from "./_hostile_values.ts";

/** What the manifest asks for. */
export interface Attack {
  readonly how: keyof typeof ATTACKS;
  readonly seed: number;
}

/** Ports on which the pool is answered, found out by what is posted on them. */
const poolPorts = new Set<{ postMessage(message: unknown): void }>();
for (const { prototype } of [MessagePort, NodeMessagePort] as { readonly prototype: MessagePort }[]) {
  const { postMessage } = prototype;
  prototype.postMessage = function (this: MessagePort, message: unknown, ...rest: never[]) {
    if (typeof message === "object" && message !== null && "taskId" in message) poolPorts.add(this);
    return (postMessage as (...args: unknown[]) => void).call(this, message, ...rest);
  };
}

const later = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

/**
 * Puts itself between a port and whoever uses it in this thread; some of what goes out is changed.
 *
 * @param change Changes a message. Default: anywhere.
 */
function intercept(
  port: MessagePort,
  random: Random,
  share: number,
  change: (message: unknown) => unknown = (message) => mutated(message, random),
): MessagePort {
  const { port1: inner, port2: given } = new MessageChannel();
  inner.onmessage = ({ data }) => post(port, random.unit() < share ? change(data) : data);
  // A port that travels along (a link that is connected anew) cannot be passed on here; none does in these tests.
  port.onmessage = ({ data }) => post(inner, data);
  return given;
}

function post(port: { postMessage(message: unknown): void }, message: unknown): void {
  try {
    port.postMessage(message);
  } catch {
    // It cannot be cloned: the other side is spared this one.
  }
}

/** Writes anything to memory, a little at a time, while everything else goes on. */
async function scribble(memories: readonly (SharedArrayBuffer | undefined)[], random: Random): Promise<void> {
  const all = memories.flatMap((memory) => memory === undefined ? [] : [new Int32Array(memory)]);
  if (all.length === 0) return;
  for (let turn = 0; turn < 60; turn++) {
    for (let n = random.integer(1, 8); n > 0; n--) {
      const words = random.pick(all);
      // What the two ends say of themselves stands in the first 256 bytes.
      const at = random.integer(0, Math.min(words.length, random.pick([4, 64, words.length])) - 1);
      const limits = [
        0,
        1,
        -1,
        8,
        48,
        1 << 15,
        2 ** 31 - 1,
        -(2 ** 31),
        (words[at] as number) + 8,
        (words[at] as number) - 1,
      ];
      words[at] = random.unit() < 0.7 ? random.pick(limits) : random.integer(-(2 ** 31), 2 ** 31 - 1);
    }
    await later();
  }
}

async function flood(port: Post, messages: readonly unknown[]): Promise<void> {
  for (let turn = 0; turn < 100; turn++) {
    for (let n = 0; n < 200; n++) for (const message of messages) post(port, message);
    await later();
  }
}

type Run = (task: SegmentTask) => Promise<unknown>;

/** Ways to attack, by name. Each does its worst, and the work of the segment meanwhile, as far as that is left. */
const ATTACKS = {
  "control: messages changed": (task, random, run) => run({ ...task, trunk: intercept(task.trunk, random, 0.3) }),
  "control: anything posted": async (task, random, run) => {
    const running = run(task);
    for (let n = 0; n < 20; n++) {
      post(task.trunk, hostileValue(random));
      await later();
    }
    return await running;
  },
  "control: answers that nobody asked for": (task, random, run) => {
    for (let n = 0; n < 3; n++) {
      post(task.trunk, { id: `${random.integer(0, 1e9)}`, type: "RAW", value: { ok: true } });
    }
    return run(task);
  },
  "control: ready again, as another thread": (task, random, run) => {
    for (let n = 0; n < 3; n++) post(task.trunk, { notice: "ready", threadId: random.integer(0, 99) });
    return run(task);
  },
  "control: a board, though it shares one": (task, random, run) => {
    post(task.trunk, { notice: "board", words: new Int32Array(random.integer(0, 20)).fill(1) });
    return run(task);
  },
  "control: log entries in others' names": (task, random, run) => {
    const place = {
      sessionId: "session-1",
      nodeId: random.pick(["victim", "bystander", "__proto__"]),
      pluginName: "util",
    };
    post(task.trunk, { notice: "log", entry: { level: "error", message: "forged", ...place } });
    return run(task);
  },
  "control: a flood of log entries": (task, _random, run) => {
    const { nodeId, pluginName } = task.spec.nodes[0]!;
    const entry = { level: "info", message: "x", sessionId: "s", nodeId, pluginName };
    void flood(task.trunk, [{ notice: "log", entry }]);
    return run(task);
  },
  "control: closed": (task, _random, run) => {
    const running = run(task);
    task.trunk.close();
    return running;
  },
  "links: messages changed": (task, random, run) => {
    const links = task.links.map((end) =>
      end.port === undefined ? end : { ...end, port: intercept(end.port, random, 0.3) }
    );
    // What is said on its lines, and nothing else.
    const change = (message: unknown) =>
      Array.isArray(message) ? [random.unit() < 0.1 ? 99 : message[0], mutated(message[1], random)] : message;
    return run({ ...task, links, trunk: intercept(task.trunk, random, 0.3, change) });
  },
  "links: anything posted": async (task, random, run) => {
    const running = run(task);
    for (let n = 0; n < 20; n++) {
      post(random.pick(postsOnLinks(task)), hostileValue(random));
      await later();
    }
    return await running;
  },
  "links: a flood of doorbells": (task, _random, run) => {
    for (const link of postsOnLinks(task)) void flood(link, [1, 2]);
    return run(task);
  },
  "memory: rings": (task, random, run) => {
    void scribble(task.links.map(({ ring }) => ring?.buffer), random);
    return run(task);
  },
  "memory: counts, board and the count of threads": (task, random, run) => {
    void scribble([task.spec.counts, task.board, task.busyThreads], random);
    return run(task);
  },
  "memory: everything": (task, random, run) => {
    const { spec, board, busyThreads, links } = task;
    void scribble([spec.counts, board, busyThreads, ...links.map(({ ring }) => ring?.buffer)], random);
    return run(task);
  },
  "result: changed": async (task, random, run) => mutated(await run(task), random),
  "result: at once": (_task, random) => Promise.resolve(hostileValue(random)),
  "result: of another": async (task, random, run) => {
    const result = await run(task);
    const { nodeType } = task.spec.nodes[0]!;
    const metrics = {
      nodes: [{ nodeId: "victim", nodeType, pluginName: "util", itemsIn: -5 }],
      edges: [{ row: random.integer(-5, 1e9), end: "writer", columns: new Array(random.integer(0, 99)).fill(1) }],
    };
    return { ...result as object, metrics };
  },
  "pool: anything answered": async (task, random, run) => {
    // Its port is known from the task before this one.
    for (const port of poolPorts) {
      for (const message of [null, 5, { taskId: 0 }, hostileValue(random)]) post(port, message);
    }
    return await run(task);
  },
  "pool: anything told": async (task, random, run) => {
    const tell: (message: unknown) => void = parentPort === null
      ? (globalThis as unknown as Worker).postMessage.bind(globalThis)
      : (message) => post(parentPort!, message);
    for (let n = 0; n < 5; n++) tell(random.pick([null, 5, "x", { ready: true }, {}]));
    return await run(task);
  },
  "thread: ends": async (task, random, run) => {
    const running = run(task);
    for (let n = random.integer(0, 10); n > 0; n--) await later();
    return process.exit(random.pick([0, 1])) ?? running;
  },
  "thread: never ends": async (task, _random, run) => {
    await run(task);
    return await new Promise<never>(() => {});
  },
  "control: done before it is": (task, random, run) => {
    post(task.trunk, { notice: "done", metrics: random.pick([{ nodes: [], edges: [] }, hostileValue(random)]) });
    return run(task);
  },
} as const satisfies { readonly [how: string]: (task: SegmentTask, random: Random, run: Run) => Promise<unknown> };

/** The names of all attacks. */
export const ATTACK_NAMES = Object.keys(ATTACKS) as (keyof typeof ATTACKS)[];

/** Attacks as the manifest says; does what the real entry does where it says nothing. */
export default async function handleWithAttack(task: WorkerTask): Promise<unknown> {
  const attack = task.kind === "segment" ? attackOf(task) : undefined;
  if (attack === undefined || task.kind !== "segment") return await handle(task);
  return await ATTACKS[attack.how](task, new Random(attack.seed), handle);
}

function attackOf({ spec }: SegmentTask): Attack | undefined {
  for (const { params } of spec.nodes) {
    const { attack } = (params ?? {}) as { readonly attack?: unknown };
    if (attack !== undefined) return attack as Attack;
  }
  return undefined;
}
