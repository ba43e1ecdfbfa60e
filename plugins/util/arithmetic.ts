/**
 * `util.add` and `util.multiply`: one operation with a fixed number.
 *
 * @module
 */

import * as v from "valibot";
import { defineNode, type JsonValue, type Plugin, RuntimeData } from "../../core/plugin.ts";

/** Adds a number to a JSON number, or to each of an array of numbers. Everything else passes unchanged. */
export const add: Plugin["nodes"][number] = defineNode({
  type: "util.add",
  aliases: ["AddNode"],
  summary: "Adds a number to JSON numbers and arrays of numbers.",
  params: v.object({
    addend: v.optional(v.pipe(v.number(), v.finite(), v.description("What is added: any finite number.")), 0),
  }),
  inputs: { in: ["any"] },
  outputs: { out: ["any"] },
  create: ({ params }) => ({ process: (data) => mapNumbers(data, (number) => number + params.addend) }),
});

/** Multiplies a JSON number, or each of an array of numbers. Everything else passes unchanged. */
export const multiply: Plugin["nodes"][number] = defineNode({
  type: "util.multiply",
  aliases: ["MultiplyNode"],
  summary: "Multiplies JSON numbers and arrays of numbers by a number.",
  params: v.object({
    factor: v.optional(v.pipe(v.number(), v.finite(), v.description("What is multiplied by: any finite number.")), 2),
  }),
  inputs: { in: ["any"] },
  outputs: { out: ["any"] },
  create: ({ params }) => ({ process: (data) => mapNumbers(data, (number) => number * params.factor) }),
});

/** @throws {StreamrackError} `invalid-data` if a result is too large for a number. */
function mapNumbers(data: RuntimeData, operate: (number: number) => number): RuntimeData {
  if (data.type !== "json") return data;
  const { type: _json, value, ...common } = data;
  if (typeof value === "number") return RuntimeData.json(operate(value), common);
  if (isNumbers(value)) return RuntimeData.json(value.map(operate), common);
  return data;
}

function isNumbers(value: JsonValue): value is readonly number[] {
  return Array.isArray(value) && value.every((item) => typeof item === "number");
}
