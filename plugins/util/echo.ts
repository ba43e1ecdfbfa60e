/**
 * `util.echo`: says what it received.
 *
 * @module
 */

import { defineNode, frameCount, type JsonValue, type Plugin, RuntimeData } from "../../core/plugin.ts";

/**
 * Answers each value with JSON: `{ input, counter, node: "Echo" }`, where
 * `counter` goes 1, 2, 3, … and `input` depends on the kind:
 *
 * | kind | `input` |
 * |---|---|
 * | json | the value itself |
 * | text | the string itself |
 * | file, control | all of its fields |
 * | audio | its fields, with `frames` (a count) in place of the samples |
 * | binary, tensor, video | its fields, with `byteLength` in place of the bytes |
 *
 * Fields that are absent are left out; timestamp and metadata stay with the answer itself. The counter says how many
 * values came, and holds none of them back: it goes on over a flush of the session.
 */
export const echo: Plugin["nodes"][number] = defineNode({
  type: "util.echo",
  aliases: ["Echo"],
  summary: "Answers every value with JSON that shows it, and how many came so far.",
  inputs: { in: ["any"] },
  outputs: { out: ["json"] },
  create() {
    let counter = 0;
    return {
      process(data) {
        const { timestampUs, metadata } = data;
        counter++;
        return RuntimeData.json({ input: show(data), counter, node: "Echo" }, { timestampUs, metadata });
      },
    };
  },
});

function show(data: RuntimeData): JsonValue {
  const { timestampUs: _ofAnswer, metadata: _too, ...fields } = data;
  switch (fields.type) {
    case "json":
      return fields.value;
    case "text":
      return fields.text;
    case "audio": {
      const { samples: _samples, ...rest } = fields;
      return withoutAbsent({ ...rest, frames: frameCount(fields) });
    }
    case "binary": {
      const { bytes, ...rest } = fields;
      return withoutAbsent({ ...rest, byteLength: bytes.byteLength });
    }
    case "tensor": {
      const { data: elements, ...rest } = fields;
      return withoutAbsent({ ...rest, byteLength: elements.byteLength });
    }
    case "video": {
      const { pixels, ...rest } = fields;
      return withoutAbsent({ ...rest, byteLength: pixels.byteLength });
    }
    case "file":
    case "control":
      return withoutAbsent({ ...fields });
  }
}

function withoutAbsent(fields: { readonly [key: string]: unknown }): JsonValue {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as JsonValue;
}
