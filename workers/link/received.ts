/**
 * Checks what came in a message of a link, before anything is made of it.
 *
 * @module
 */

import { isMovable, payloadOf } from "../../core/data/transfer.ts";
import type { DataKind, RuntimeData } from "../../core/data/types.ts";
import { checkRuntimeData } from "../../core/data/validate.ts";
import { violation } from "./link_errors.ts";

/** Kinds of data that a link may carry; `"any"` for all. */
export type LinkKinds = readonly (DataKind | "any")[];

/**
 * Returns the value if it is RuntimeData whose bytes are the receiver's alone.
 *
 * Bytes in shared memory could be changed by whoever sent them after they were
 * checked, and a view of a part would keep more memory alive than was counted;
 * writers copy both before they send.
 *
 * @throws {StreamrackError} `protocol-violation`, `invalid-data` or `detached-data`.
 */
export function checkReceived(value: unknown, kinds: LinkKinds | undefined): RuntimeData {
  const data = checkRuntimeData(value);
  const payload = payloadOf(data);
  if (payload !== undefined && !isMovable(payload) && !isEmpty(payload)) {
    throw violation("bytes that its sender has kept a hold of");
  }
  checkKind(data.type, kinds);
  return data;
}

/** @throws {StreamrackError} `protocol-violation` unless the link may carry data of this kind. */
export function checkKind(kind: DataKind, kinds: LinkKinds | undefined): void {
  if (kinds === undefined || kinds.includes(kind) || kinds.includes("any")) return;
  throw violation(`${kind} data, where it carries ${kinds.join(" or ")}`);
}

function isEmpty({ buffer }: ArrayBufferView): boolean {
  return buffer instanceof ArrayBuffer && buffer.byteLength === 0;
}
