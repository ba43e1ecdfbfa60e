/**
 * Server-sent events of JSON, as OpenAI-compatible services stream them.
 *
 * @module
 */

import { createParser } from "eventsource-parser";
import type { JsonValue } from "../../core/plugin.ts";
import { runnerError } from "../errors.ts";

/** The data of the event that ends a stream. */
const DONE = "[DONE]";

/**
 * The JSON of each event, up to `[DONE]` or the end of the bytes.
 *
 * @param maxChars Longest event, in UTF-16 code units.
 * @throws {StreamrackError} `stream-broken` (E102) for bytes that are no UTF-8, and data that is no JSON.
 */
export async function* readEvents(
  bytes: AsyncIterable<Uint8Array>,
  maxChars: number,
): AsyncGenerator<JsonValue, void, void> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let events: string[] = [];
  let fault: Error | undefined;
  const parser = createParser({
    maxBufferSize: maxChars,
    onEvent: ({ data }) => void events.push(data),
    onError: (error) => {
      // Fields that are unknown are passed over, as the standard says; a reconnection time is of no use here.
      if (error.type === "max-buffer-size-exceeded") {
        fault = runnerError("E102", `an event is longer than ${maxChars} characters`, { retryable: false });
      }
    },
  });
  const decode = (chunk?: Uint8Array): string => {
    try {
      return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
    } catch (cause) {
      throw runnerError("E102", "the stream is not UTF-8", { cause });
    }
  };
  function* drain(): Generator<JsonValue, boolean, void> {
    const drained = events;
    events = [];
    for (const data of drained) {
      if (data.trim() === DONE) return true;
      yield parseEvent(data);
    }
    if (fault !== undefined) throw fault;
    return false;
  }

  for await (const chunk of bytes) {
    parser.feed(decode(chunk));
    if (yield* drain()) return;
  }
  // Services that close the connection right after the last line mean that line.
  parser.feed(`${decode()}\n\n`);
  yield* drain();
}

function parseEvent(data: string): JsonValue {
  try {
    return JSON.parse(data) as JsonValue;
  } catch (cause) {
    throw runnerError("E102", "an event of the stream is no JSON", {
      problems: [{ path: "data", message: "cannot be parsed", received: JSON.stringify(data.slice(0, 60)) }],
      cause,
    });
  }
}
