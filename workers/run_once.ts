/**
 * A session from its first input to its last output.
 *
 * @module
 */

import type { RuntimeData } from "../core/data/types.ts";
import { displayValue, StreamrackError } from "../core/errors.ts";
import type { Session, SessionOutput } from "../core/pipeline/session.ts";
import type { ExecuteInput, ExecuteResult } from "./runtime_types.ts";

/** Sends the inputs into a session that was just opened, ends them, and gathers all outputs. */
export async function runOnce(
  session: Session,
  inputs: { readonly [nodeId: string]: ExecuteInput },
): Promise<ExecuteResult> {
  const items: SessionOutput[] = [];
  const outputs = new Map(session.outputs.map(({ nodeId }): [string, RuntimeData[]] => [nodeId, []]));
  let inputFailure: unknown;
  const feeding = Promise.all(Object.entries(inputs).map(([to, input]) => feed(session, to, input)))
    .then(() => session.finish())
    .catch(async (thrown) => {
      inputFailure = thrown;
      await session.cancel(thrown);
    });
  try {
    for await (const item of session) {
      items.push(item);
      outputs.get(item.nodeId)?.push(item.data);
    }
  } catch (thrown) {
    // When the inputs were at fault, the session only says that it was cancelled.
    await feeding;
    throw StreamrackError.is(thrown) && thrown.reason === "session-cancelled" ? inputFailure ?? thrown : thrown;
  }
  // Not by assignment: a node may be called __proto__.
  return { outputs: Object.fromEntries(outputs), items, metrics: await session.metrics() };
}

async function feed(session: Session, to: string, input: ExecuteInput): Promise<void> {
  const target = { to };
  if (typeof input !== "object" || input === null) {
    throw new StreamrackError("invalid-data", "an input is no data", {
      problems: [{
        path: `inputs.${to}`,
        message: "is no data",
        received: displayValue(input),
        expected: "RuntimeData, or an iterable of it",
      }],
    });
  }
  if ("type" in input) return await session.send(input, target);
  for await (const data of input) await session.send(data, target);
}
