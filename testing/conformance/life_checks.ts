/**
 * Checks of the life of a node: created, reset, aborted, disposed of.
 *
 * @module
 */

import type { RuntimeData } from "../../core/data/types.ts";
import type { NodeContext, NodeSource, StreamingNode } from "../../core/node/contract.ts";
import { asRefusal, fingerprint, takenSources } from "./runs.ts";
import { createNode, fail, type Subject } from "./subject.ts";
import { checkDisposed, drain, watch } from "./watched.ts";

export async function checkOwnNodes(subject: Subject): Promise<void> {
  const nodes = [await createNode(subject), await createNode(subject)];
  await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]?.()));
  if (nodes[0] === nodes[1]) fail("create() gave the same node twice: two sessions would share its state");
}

export async function checkNoInput(subject: Subject): Promise<void> {
  const watched = watch(subject.definition);
  await subject.run(subject.sources(() => []), { definition: watched.definition });
  if (watched.processed !== 0) fail("process was called without input");
  checkDisposed(watched);
}

export async function checkReset(subject: Subject): Promise<void> {
  const node = await createNode(subject);
  try {
    if (node.reset === undefined) return;
    await node.reset();
    await node.reset();
    await drain(node.flush?.());
  } finally {
    await node[Symbol.asyncDispose]?.();
  }
}

/** One call of `process`, to be made again on another node. */
interface RecordedCall {
  readonly input: never;
  readonly sourceIndex: number;
  readonly sequence: number;
}

export async function checkForgets(subject: Subject): Promise<void> {
  const { deterministic, keepsOverReset } = subject.options;
  if (deterministic === false || keepsOverReset === true) return;
  const sources = await takenSources(subject);
  const calls: RecordedCall[] = [];
  let hasReset = false;
  const record = async (context: NodeContext): Promise<StreamingNode> => {
    const node: StreamingNode = await subject.definition.create(context);
    hasReset = node.reset !== undefined;
    return {
      align: node.align,
      process(input, item) {
        const sourceIndex = context.sources.indexOf(item.source);
        calls.push({ input: structuredClone(input) as never, sourceIndex, sequence: item.sequence });
        return node.process(input, item);
      },
      ...(node.idle === undefined ? {} : { idle: (signal) => node.idle?.(signal) }),
      flush: () => node.flush?.(),
      [Symbol.asyncDispose]: async () => await node[Symbol.asyncDispose]?.(),
    };
  };
  const replay = async (context: NodeContext): Promise<StreamingNode> => {
    const node: StreamingNode = await subject.definition.create(context);
    for (const { input, sourceIndex, sequence } of calls) {
      const source = context.sources[sourceIndex] as NodeSource;
      await drain(node.process(input, {
        source,
        sequence,
        missing: 0,
        attempt: 1,
        isPartial: false,
        progress: undefined,
        signal: context.signal,
      }));
    }
    await node.reset?.();
    return node;
  };
  const fresh = await subject.run(sources, { definition: { ...subject.definition, create: record } });
  if (!hasReset) return;
  const reused = await subject.run(sources, { definition: { ...subject.definition, create: replay } });
  if (fingerprint(fresh) === fingerprint(reused)) return;
  fail("after a reset the same inputs gave other outputs than a new node", [], "Set keepsOverReset if that is meant.");
}

export async function checkAbort(subject: Subject): Promise<void> {
  // Before it starts, while it waits for input, and while it is busy.
  for (const phase of ["start", "input", "process"] as const) {
    const controller = new AbortController();
    const watched = watch(subject.definition, () => phase === "process" && controller.abort());
    if (phase === "start") controller.abort();
    const sources = subject.sources((port) => phase === "process" ? subject.samples(port) : never(controller.signal));
    const run = subject.run(sources, { signal: controller.signal, definition: watched.definition });
    if (phase === "input") setTimeout(() => controller.abort(), 0);
    const ending = await run.then(() => undefined, asRefusal);
    // A node without input, or without work, may be done before the abort.
    if (ending !== undefined && ending.code !== "cancelled" && !watched.refused) throw ending;
    if (watched.busy > 0) fail(`an answer still ran after the abort (${phase}): pass item.signal to what it waits for`);
    checkDisposed(watched);
  }
}

/** Input that never comes, until the signal ends it. */
function never(signal: AbortSignal): AsyncIterable<RuntimeData> {
  const ended = new Promise<IteratorReturnResult<undefined>>((resolve) => {
    const end = () => resolve({ done: true, value: undefined });
    if (signal.aborted) end();
    else signal.addEventListener("abort", end, { once: true });
  });
  return { [Symbol.asyncIterator]: () => ({ next: () => ended }) };
}
