/**
 * A session as a pair of web streams.
 *
 * @module
 */

import type { Session, SessionInput, SessionOutput } from "../core/pipeline/session.ts";

/** The outputs of a session as a web stream; cancelling it cancels the session. */
export function toReadable(session: Session): ReadableStream<SessionOutput> {
  const outputs = session[Symbol.asyncIterator]();
  return new ReadableStream<SessionOutput>({
    async pull(controller) {
      const result = await outputs.next();
      if (result.done === true) controller.close();
      else controller.enqueue(result.value);
    },
    async cancel(reason) {
      // The generator has not started if nothing was read: only cancel() ends the session in every case.
      await session.cancel(reason);
    },
  }, { highWaterMark: 0 }); // the session's own queues are the buffer
}

/** The inputs of a session as a web stream; closing it finishes the session, aborting it cancels. */
export function toWritable(session: Session): WritableStream<SessionInput> {
  return new WritableStream<SessionInput>({
    async write(input) {
      // RuntimeData has a type; a value with its destination has not.
      if ("type" in input) await session.send(input);
      else await session.send(input.data, input);
    },
    close: () => session.finish(),
    abort: (reason) => session.cancel(reason),
  });
}
