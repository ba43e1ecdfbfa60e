/**
 * Values for checks: of each kind of RuntimeData, and of a JSON Schema.
 *
 * @module
 */

import { RuntimeData } from "../core/data/runtime_data.ts";
import { DATA_KINDS, type DataKind, type JsonValue } from "../core/data/types.ts";
import type { JsonSchema } from "../core/node/describe.ts";
import type { PortKinds } from "../core/node/contract.ts";

const SAMPLE_RATE_HZ = 16_000;

/** Some values of a kind, as they may follow each other on one port. New at every call. */
export function samplesOf(kind: DataKind): RuntimeData[] {
  switch (kind) {
    case "audio":
      return [0, 1, 2].map((index) => {
        // 100 ms of a tone, whose chunks join without a gap.
        const samples = Float32Array.from({ length: 1600 }, (_, i) => {
          return 0.5 * Math.sin(2 * Math.PI * 440 * (index * 1600 + i) / SAMPLE_RATE_HZ);
        });
        return RuntimeData.audio({ samples, sampleRate: SAMPLE_RATE_HZ, timestampUs: index * 100_000 });
      });
    case "text":
      return ["Hello, world. ", "", "¿Qué tal? 🎧"].map((text) => RuntimeData.text(text));
    case "json":
      return [{ a: [1, "two", null, true] }, 5, [1, 2]].map((value) => RuntimeData.json(value));
    case "binary":
      return [RuntimeData.binary(Uint8Array.of(1, 2, 3)), RuntimeData.binary(new Uint8Array(0))];
    case "tensor":
      return [RuntimeData.tensor({ data: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [2, 3] })];
    case "video":
      return [0, 1].map((frameNumber) => {
        const pixels = new Uint8Array(4 * 2 * 3).fill(frameNumber * 100);
        return RuntimeData.video({ pixels, width: 4, height: 2, pixelFormat: "rgb24", frameNumber });
      });
    case "file":
      return [RuntimeData.file({ path: "sample.wav", sizeBytes: 44 })];
    case "control":
      return [RuntimeData.control({ op: "batch-hint", batchSize: 4 })];
  }
}

/** The kinds that a port means. */
export function kindsOf(kinds: PortKinds): readonly DataKind[] {
  return kinds.includes("any") ? DATA_KINDS : kinds as readonly DataKind[];
}

/** A value that a JSON Schema should accept: defaults and required members only. */
export function valueOfSchema(schema: JsonSchema): JsonValue | undefined {
  if (schema["default"] !== undefined) return schema["default"];
  if (schema["const"] !== undefined) return schema["const"];
  const choices = schema["enum"];
  if (Array.isArray(choices)) return choices[0];
  const [variant] = (schema["anyOf"] ?? schema["oneOf"] ?? []) as readonly JsonSchema[];
  if (variant !== undefined) return valueOfSchema(variant);
  switch (schema["type"]) {
    case "number":
    case "integer":
      return schema["minimum"] ?? 1;
    case "string":
      return "a".repeat(Number(schema["minLength"] ?? 1));
    case "boolean":
      return false;
    case "array":
      return [];
    case "object": {
      const properties = (schema["properties"] ?? {}) as { readonly [name: string]: JsonSchema };
      const required = (schema["required"] ?? []) as readonly string[];
      const members = required.flatMap((name) => {
        const value = valueOfSchema(properties[name] ?? {});
        return value === undefined ? [] : [[name, value] as const];
      });
      return Object.fromEntries(members);
    }
    default:
      return undefined;
  }
}

/** A value of another type than the schema of a parameter asks for; nothing if it takes any. */
export function wrongValueOf(schema: JsonSchema): JsonValue | undefined {
  switch (schema["type"]) {
    case "number":
    case "integer":
    case "boolean":
    case "array":
      return "wrong";
    case "string":
    case "object":
      return 5;
    default:
      return undefined;
  }
}
