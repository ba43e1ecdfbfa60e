/**
 * Posts a value on a port, moving what can be moved.
 *
 * @module
 */

import { copyData, isDetached, payloadOf, toMovable, transferables } from "../../core/data/transfer.ts";
import type { RuntimeData } from "../../core/data/types.ts";
import { StreamrackError } from "../../core/errors.ts";
import type { LinkPort } from "./link.ts";

/**
 * Posts a value within a message. Its buffers are moved where they can be,
 * copied where they cannot: memory of WebAssembly looks as if it could, and
 * refuses.
 *
 * @throws {StreamrackError} `detached-data`, or `not-cloneable`; nothing was posted then.
 */
export function postData(port: LinkPort, data: RuntimeData, wrap: (data: RuntimeData) => unknown): void {
  checkNotDetached(data);
  const movable = toMovable(data);
  try {
    return port.postMessage(wrap(movable), transferables(movable));
  } catch {
    // Nothing was moved.
  }
  try {
    const copy = copyData(data);
    port.postMessage(wrap(copy), transferables(copy));
  } catch (thrown) {
    throw StreamrackError.from(thrown, "not-cloneable", {
      remedy: "Give plain data: no functions or class instances.",
    });
  }
}

/** Throws `detached-data` for a value whose bytes were moved away, perhaps while it waited for room. */
export function checkNotDetached(data: RuntimeData): void {
  const payload = payloadOf(data);
  if (payload === undefined || !isDetached(payload)) return;
  throw new StreamrackError("detached-data", "the value was moved away while it waited for room", {
    remedy: "Do not send a value twice; send a copy with { copy: true }.",
  });
}
