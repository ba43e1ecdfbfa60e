/**
 * Looking at a Protobuf message without knowing its type.
 *
 * @module
 */

import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

/** One field as it stands on the wire. */
export interface RawField {
  readonly number: number;
  readonly kind: "varint" | "bytes" | "fixed";
  /** The contents of a length-delimited field; empty for the other kinds. */
  readonly bytes: Uint8Array;
}

const NOTHING = new Uint8Array();

/** The top-level fields in their order, or `undefined` if the bytes are no message. */
export function readRawFields(message: Uint8Array): readonly RawField[] | undefined {
  const reader = new BinaryReader(message);
  const fields: RawField[] = [];
  try {
    while (reader.pos < reader.len) {
      const [number, wireType] = reader.tag();
      if (wireType === WireType.LengthDelimited) {
        fields.push({ number, kind: "bytes", bytes: reader.bytes() });
      } else {
        reader.skip(wireType, number);
        fields.push({ number, kind: wireType === WireType.Varint ? "varint" : "fixed", bytes: NOTHING });
      }
    }
  } catch {
    return undefined;
  }
  return reader.pos === reader.len ? fields : undefined;
}
