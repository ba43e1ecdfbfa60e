/**
 * Node types whose nodes are watched while they run.
 *
 * @module
 */

import { StreamrackError } from "../../core/errors.ts";
import type { NodeContext, StreamingNode } from "../../core/node/contract.ts";
import type { AnyNodeDefinition } from "../../core/node/define.ts";
import { fail } from "./subject.ts";

/** A node type that counts what becomes of its nodes. */
export interface Watched {
  readonly definition: AnyNodeDefinition;
  readonly created: number;
  readonly disposed: number;
  readonly processed: number;
  /** Answers that have not ended. */
  readonly busy: number;
  /** Whether the node itself refused a value. */
  readonly refused: boolean;
}

/** Watches the nodes of a type. @param onProcess Called before each `process`. */
export function watch(definition: AnyNodeDefinition, onProcess: () => void = () => {}): Watched {
  const counts = { created: 0, disposed: 0, processed: 0, busy: 0, refused: false };
  const followed = (call: () => unknown) => {
    counts.busy += 1;
    return follow(call, () => counts.busy -= 1, (thrown) => counts.refused ||= isRefusal(thrown)) as never;
  };
  const create = async (context: NodeContext): Promise<StreamingNode> => {
    const node: StreamingNode = await definition.create(context);
    counts.created += 1;
    return {
      process(input, item) {
        counts.processed += 1;
        onProcess();
        return followed(() => node.process(input, item));
      },
      ...(node.idle === undefined ? {} : { idle: (signal) => followed(() => node.idle?.(signal)) }),
      flush: () => followed(() => node.flush?.()),
      reset: () => node.reset?.(),
      async [Symbol.asyncDispose]() {
        counts.disposed += 1;
        await node[Symbol.asyncDispose]?.();
      },
    };
  };
  return Object.defineProperty(counts, "definition", { value: { ...definition, create } }) as unknown as Watched;
}

/** Fails unless every node was disposed of once. */
export function checkDisposed({ created, disposed }: Watched): void {
  if (disposed !== created) fail(`${created} were created, ${disposed} disposed of`);
}

/** The same answer, whatever its form, with a call when it has ended, and one when the node itself throws. */
async function* follow(
  call: () => unknown,
  onEnd: () => void = () => {},
  onThrow: (thrown: unknown) => void = () => {},
): AsyncGenerator<unknown> {
  try {
    const answer = await call();
    if (isIterable(answer)) yield* answer;
    else if (answer !== undefined) yield answer;
  } catch (thrown) {
    onThrow(thrown);
    throw thrown;
  } finally {
    onEnd();
  }
}

/** Waits for an answer, and takes no notice of what it gives. */
export async function drain(answer: unknown): Promise<void> {
  for await (const _ of follow(() => answer));
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === "object" && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value);
}

/** Whether an error that a node threw says that it does not take a value. Use of a value it gave away does not. */
function isRefusal(thrown: unknown): boolean {
  if (!StreamrackError.is(thrown) || thrown.reason === "detached-data") return false;
  const { code } = thrown;
  return code === "invalid-argument" || code === "failed-precondition" || code === "out-of-range" ||
    code === "unimplemented";
}
