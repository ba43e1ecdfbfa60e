/**
 * What flows through channels: RuntimeData and AudioStream, told apart by
 * kind.
 *
 * @module
 */

import { AudioStream } from "../data/audio_stream.ts";
import { byteLength, copyData, isMovable, toMovable, transferables } from "../data/transfer.ts";
import { DATA_KINDS, type DataKind, type DataOf, type RuntimeData } from "../data/types.ts";
import { checkRuntimeData } from "../data/validate.ts";
import { displayValue, StreamrackError } from "../errors.ts";

/** What a channel carries: one kind of RuntimeData, AudioStreams, or `"any"` of these. */
export type ChannelKind = DataKind | "audio_stream" | "any";

/** The values of a kind of channel. */
export type ChannelValue<K extends ChannelKind = ChannelKind> = K extends DataKind ? DataOf<K>
  : K extends "audio_stream" ? AudioStream
  : RuntimeData | AudioStream;

/** Every kind, in the order of the documentation. */
export const CHANNEL_KINDS: readonly ChannelKind[] = [...DATA_KINDS, "audio_stream", "any"];

/**
 * The value, if a channel of that kind carries such; an AudioStream that has
 * lost its methods on the way between threads gets them back.
 *
 * @throws {StreamrackError} `wrong-kind` for another kind; `invalid-data`, `detached-data`.
 */
export function checkChannelValue(value: unknown, kind: ChannelKind, channel: string): ChannelValue {
  const type = typeof value === "object" && value !== null ? (value as { type?: unknown }).type : undefined;
  if (kind !== "any" && type !== kind) {
    const received = typeof type === "string" ? `a value of type ${displayValue(type)}` : displayValue(value);
    throw new StreamrackError("wrong-kind", `the channel "${channel}" carries ${kind}; it was given ${received}`, {
      remedy: 'Convert the value, or create the channel with another kind, such as "any".',
    });
  }
  if (type !== "audio_stream") return checkRuntimeData(value, "value");
  // Not from(): a stream whose bytes have moved away since it was made is found out here.
  return new AudioStream(value as AudioStream);
}

/** A copy that shares no bytes with the original. */
export function copyValue(value: ChannelValue): ChannelValue {
  return value.type === "audio_stream"
    ? new AudioStream({ ...value, data: Uint8Array.from(value.data) })
    : copyData(value);
}

/** What a value counts for in the accounting of memory. */
export function valueBytes(value: ChannelValue): number {
  return byteLength(bytesOf(value));
}

/** The same value, ready to be posted, with the list of what moves. */
export function toPostable(value: ChannelValue): { readonly value: ChannelValue; readonly transfer: ArrayBuffer[] } {
  if (value.type !== "audio_stream") {
    const movable = toMovable(value);
    return { value: movable, transfer: transferables(movable) };
  }
  const movable = isMovable(value.data) ? value : new AudioStream({ ...value, data: Uint8Array.from(value.data) });
  return { value: movable, transfer: transferables(bytesOf(movable)) };
}

function bytesOf(value: ChannelValue): RuntimeData {
  return value.type === "audio_stream" ? { type: "binary", bytes: value.data } : value;
}
