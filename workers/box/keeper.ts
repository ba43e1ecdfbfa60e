/**
 * What runs in the web worker of a box on Deno: the pool of a group. No plugin
 * code runs in this thread, only in those of the pool.
 *
 * @module
 */

import { toErrorEnvelope } from "../../core/error_envelope.ts";
import { GroupPool } from "../pool.ts";
import type { FromKeeper, ToKeeper } from "./keeper_messages.ts";

/** As much of a web worker's global object as is used. */
const host = globalThis as unknown as {
  onmessage: ((event: { readonly data: ToKeeper; readonly ports: readonly MessagePort[] }) => void) | null;
  postMessage(message: FromKeeper): void;
};

type Told = FromKeeper extends infer M ? M extends FromKeeper ? Omit<M, "threads"> : never : never;

let pool: GroupPool | undefined;
/** What to do when a task has said that it is in its thread, or when nobody wants it any more. */
const heard = new Map<number, { started(): void; givenUp(): void }>();

const say = (message: Told) => host.postMessage({ ...message, threads: pool?.threads ?? 0 } as FromKeeper);

host.onmessage = ({ data }) => {
  if (data.t === "open") {
    const { workerEntry, env, ...options } = data.options;
    pool = new GroupPool({ ...options, workerEntry: new URL(workerEntry), env });
  } else if (data.t === "run") void run(data);
  else if (data.t === "started") heard.get(data.id)?.started();
  else if (data.t === "givenUp") heard.get(data.id)?.givenUp();
  else void terminate(data);
};

async function run({ id, task }: Extract<ToKeeper, { readonly t: "run" }>): Promise<void> {
  const keeping = pool as GroupPool;
  let threadId = 0;
  const ports = portsOf(task);
  const [started, givenUp] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  heard.set(id, { started: started.resolve, givenUp: givenUp.resolve });
  try {
    const onThread = (chosen: number) => {
      threadId = chosen;
      say({ t: "placed", id, threadId });
    };
    const value = await keeping.run(task, ports, { started: started.promise, givenUp: givenUp.promise, onThread });
    say({ t: "result", id, value });
  } catch (thrown) {
    const why = keeping.whyEnded(threadId);
    say({
      t: "failed",
      id,
      error: toErrorEnvelope(thrown),
      why: why === undefined ? undefined : { threadId, error: toErrorEnvelope(why) },
    });
  }
  heard.delete(id);
}

async function terminate({ id, threadId }: Extract<ToKeeper, { readonly t: "terminate" }>): Promise<void> {
  await pool?.terminate(threadId);
  say({ t: "terminated", id });
}

/** The ports of a task, which go on with it. */
function portsOf(task: Extract<ToKeeper, { readonly t: "run" }>["task"]): MessagePort[] {
  const { trunk } = task;
  if (task.kind === "describe") return [trunk];
  return [
    trunk,
    ...task.links.flatMap(({ port }) => port ?? []),
    ...(task.channels === undefined ? [] : [task.channels]),
  ];
}
