/**
 * What moves and what is copied when a value changes hands.
 *
 * @module
 */

import { StreamrackError } from "../errors.ts";
import type { RuntimeData } from "./types.ts";

/** The bytes that a value holds beside its envelope, if it holds any. */
export function payloadOf(data: RuntimeData): ArrayBufferView | undefined {
  switch (data.type) {
    case "audio":
      return data.samples;
    case "tensor":
      return data.data;
    case "binary":
      return data.bytes;
    case "video":
      return data.pixels;
    default:
      return undefined;
  }
}

/**
 * Whether a view can be moved: it covers the whole of a plain ArrayBuffer
 * that nobody else holds. A part of a buffer is copied, since moving it would
 * take away the rest; a Node `Buffer` is copied, since its memory may belong
 * to a pool (or be refused by the structured clone); shared and resizable
 * memory is copied, since neither can be detached safely.
 */
export function isMovable(view: ArrayBufferView): boolean {
  const { buffer } = view;
  return buffer instanceof ArrayBuffer &&
    view.byteOffset === 0 &&
    view.byteLength === buffer.byteLength &&
    view.byteLength > 0 &&
    (buffer as { resizable?: boolean }).resizable !== true &&
    // Subclasses (Buffer) would also lose their class on the way.
    Object.getPrototypeOf(Object.getPrototypeOf(view)) === TYPED_ARRAY_PROTOTYPE;
}

const TYPED_ARRAY_PROTOTYPE: object = Object.getPrototypeOf(Uint8Array.prototype);

/** Whether the memory under a view was moved away: by a send, a yield or a transfer. */
export function isDetached(view: ArrayBufferView): boolean {
  // A view of detached memory has length 0, so every other view is settled without looking further.
  if (view.byteLength > 0 || !(view.buffer instanceof ArrayBuffer)) return false;
  const { detached } = view.buffer as { detached?: boolean };
  if (detached !== undefined) return detached;
  try {
    new Uint8Array(view.buffer);
    return false;
  } catch {
    return true;
  }
}

/**
 * Throws if the bytes of a value were moved away.
 *
 * @param path Where the value came from, for the error message.
 * @throws {StreamrackError} `detached-data`
 */
export function checkAttached(data: RuntimeData, path = "data"): void {
  const payload = payloadOf(data);
  if (payload === undefined || !isDetached(payload)) return;
  throw new StreamrackError("detached-data", "this value cannot be used any more", {
    problems: [{
      path,
      message: "its memory was already moved away by an earlier send or yield",
      expected: "data that you still own",
    }],
    remedy: "Make a new value for each send, or keep yours with send(data, { copy: true }).",
  });
}

/**
 * The transfer list of a value: the buffers that `postMessage` may move.
 * Empty for kinds without bytes and for bytes that must be copied.
 *
 * @example
 * ```ts
 * import { RuntimeData } from "@streamrack/core";
 * import assert from "node:assert/strict";
 *
 * const whole = RuntimeData.audio({ samples: new Float32Array(480), sampleRate: 48000, channels: 1 });
 * assert.equal(RuntimeData.transferables(whole).length, 1);
 *
 * const part = RuntimeData.binary(new Uint8Array(100).subarray(10, 20));
 * assert.deepEqual(RuntimeData.transferables(part), []); // moving it would take the other 90 bytes along
 * ```
 */
export function transferables(data: RuntimeData): ArrayBuffer[] {
  const payload = payloadOf(data);
  return payload !== undefined && isMovable(payload) ? [payload.buffer as ArrayBuffer] : [];
}

/** Bytes that an envelope is taken to cost in the accounting of credits, beside the payload. */
const ENVELOPE_BYTES = 64;

/**
 * How many bytes a value counts for in the accounting of memory: its payload,
 * or for text and JSON an estimate of two bytes a character, plus 64 for the
 * envelope.
 */
export function byteLength(data: RuntimeData): number {
  const payload = payloadOf(data);
  if (payload !== undefined) return ENVELOPE_BYTES + payload.byteLength;
  if (data.type === "text") return ENVELOPE_BYTES + 2 * data.text.length;
  if (data.type === "json") return ENVELOPE_BYTES + estimateJsonBytes(data.value);
  return ENVELOPE_BYTES;
}

/** An estimate that takes any value: it neither recurses nor counts anything twice, so depth and cycles are no matter. */
function estimateJsonBytes(root: unknown): number {
  if (typeof root === "string") return 2 * root.length;
  if (typeof root !== "object" || root === null) return 8;
  let bytes = 0;
  const left: object[] = [root];
  // Made only when there is nesting: most JSON on its way is small and flat.
  let seen: Set<object> | undefined;
  for (let value = left.pop(); value !== undefined; value = left.pop()) {
    bytes += 16;
    const members = Array.isArray(value) ? value : Object.values(value);
    if (members !== value) { for (const key of Object.keys(value)) bytes += 2 * key.length; }
    for (const member of members) {
      if (typeof member === "string") bytes += 2 * member.length;
      else if (typeof member !== "object" || member === null) bytes += 8;
      else if (!(seen ??= new Set([root])).has(member)) {
        seen.add(member);
        left.push(member);
      }
    }
  }
  return bytes;
}

/**
 * A copy that shares no memory with the original: the bytes are copied, the
 * envelope is new. Metadata and JSON values are shared, since they are
 * read-only by contract.
 *
 * @param allocate Gives the memory for the bytes. Default: new memory.
 * @throws {StreamrackError} `detached-data` if the bytes were moved away.
 */
export function copyData<T extends RuntimeData>(data: T, allocate: Allocate = newBuffer): T {
  const payload = payloadOf(data);
  if (payload === undefined) return { ...data };
  checkAttached(data);
  const copy = copyView(payload, allocate);
  switch (data.type) {
    case "audio":
      return { ...data, samples: copy };
    case "tensor":
      return { ...data, data: copy };
    case "binary":
      return { ...data, bytes: copy };
    default:
      return { ...data, pixels: copy };
  }
}

/** The same data, with bytes that {@linkcode isMovable}: a copy is made only where they are not. */
export function toMovable<T extends RuntimeData>(data: T): T {
  const payload = payloadOf(data);
  if (payload === undefined || isMovable(payload)) return data;
  // An empty view of a large buffer, or of shared memory, would take that along.
  const { buffer } = payload;
  return buffer instanceof ArrayBuffer && buffer.byteLength === 0 ? data : copyData(data);
}

type AnyTypedArray = Float32Array & Int16Array & Int32Array & Uint8Array;

type Allocate = (byteLength: number) => ArrayBuffer;

const newBuffer: Allocate = (byteLength) => new ArrayBuffer(byteLength);

function copyView(view: ArrayBufferView, allocate: Allocate): AnyTypedArray {
  // The tag names the standard class, where `constructor` would name Buffer, whose slice() does not copy.
  const tag = Reflect.get(TYPED_ARRAY_PROTOTYPE, Symbol.toStringTag, view) as keyof typeof globalThis;
  const TypedArray = (globalThis as unknown as Record<string, new (buffer: ArrayBuffer) => Uint8Array>)[tag];
  if (TypedArray === undefined) throw new TypeError(`cannot copy a view of class ${String(tag)}`);
  const copy = new TypedArray(allocate(view.byteLength));
  copy.set(view as Uint8Array);
  return copy as unknown as AnyTypedArray;
}
