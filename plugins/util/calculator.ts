/**
 * `util.calculator`: the four operations over JSON.
 *
 * @module
 */

import * as v from "valibot";
import {
  defineNode,
  type JsonData,
  type JsonValue,
  type Plugin,
  RuntimeData,
  StreamrackError,
  type TextData,
} from "../../core/plugin.ts";

const OPERATIONS = {
  add: (a: number, b: number) => a + b,
  subtract: (a: number, b: number) => a - b,
  multiply: (a: number, b: number) => a * b,
  divide: (a: number, b: number) => a / b,
};
type Operation = keyof typeof OPERATIONS;
const OPERATION_NAMES = Object.keys(OPERATIONS) as Operation[];
const finite = (description: string) => v.pipe(v.number(), v.finite(), v.description(description));

/** Parameters of `util.calculator`. */
const params = v.object({
  operation: v.optional(
    v.pipe(
      v.picklist(OPERATION_NAMES),
      v.description('What is done with each number and the operand. Default: "add". Input that names its own wins.'),
    ),
  ),
  operand: v.optional(finite("The second operand, any finite number. Default: value, else 0.")),
  value: v.optional(finite("The same as operand, as older manifests call it. operand wins.")),
});

/**
 * Calculates. Which of its forms applies is decided for each input, from top to bottom:
 *
 * | input | parameters | output |
 * |---|---|---|
 * | object with `operation` or `operands`: `{ operation, operands: [a, b] }` | ignored | `{ result: a ∘ b, operation, operands }` |
 * | object with a number or numeric string as `value`: `{ value: a }` | any | `{ result: a ∘ operand }` |
 * | number, or numeric string | any | `a ∘ operand`, a number |
 * | anything else | any set | the input, unchanged |
 * | anything else | none set | `invalid-data` |
 *
 * ∘ is the operation: `"add"`, `"subtract"`, `"multiply"` or `"divide"`. Text
 * is read as JSON first; text that is not JSON counts as "anything else".
 *
 * @throws {StreamrackError} `invalid-data` for a missing or unknown operation,
 * anything but two numbers as operands, division by zero, and a result that is
 * too large for a number.
 */
export const calculator: Plugin["nodes"][number] = defineNode({
  type: "util.calculator",
  aliases: ["CalculatorNode"],
  summary: "Adds, subtracts, multiplies or divides numbers in JSON.",
  params,
  inputs: { in: ["json", "text"] },
  outputs: { out: ["json", "text"] },
  create({ params }) {
    const { operation = "add", operand = params.value ?? 0 } = params;
    const isConfigured = Object.values(params).some((param) => param !== undefined);
    return {
      process(data) {
        const input = data.type === "json" ? data.value : parse(data);
        const { timestampUs, metadata } = data;
        const answer = (value: JsonValue): JsonData => RuntimeData.json(value, { timestampUs, metadata });
        const fields = isObject(input) ? input : {};
        if (Object.hasOwn(fields, "operation") || Object.hasOwn(fields, "operands")) return answer(evaluate(fields));
        const value = toNumber(fields.value);
        if (value !== undefined) return answer({ result: calculate(operation, value, operand) });
        const number = toNumber(input);
        if (number !== undefined) return answer(calculate(operation, number, operand));
        if (isConfigured) return data;
        if (isObject(input)) throw invalid("value.operation", "is missing", undefined, OPERATION_NAMES.join(", "));
        throw invalid("value", "is no calculation", data.type === "json" ? data.value : data.text, EXAMPLE);
      },
    };
  },
});

const EXAMPLE = '{ "operation": "add", "operands": [1, 2] }';

function evaluate(fields: { readonly [key: string]: JsonValue }): JsonValue {
  const { operation, operands } = fields;
  if (typeof operation !== "string" || !Object.hasOwn(OPERATIONS, operation)) {
    const message = operation === undefined ? "is missing" : "is unknown";
    throw invalid("value.operation", message, operation, OPERATION_NAMES.join(", "));
  }
  if (!Array.isArray(operands) || operands.length !== 2) {
    const message = operands === undefined ? "are missing" : "are not two";
    throw invalid("value.operands", message, operands, "an array of two numbers");
  }
  operands.forEach((operand: JsonValue, i) => {
    if (typeof operand !== "number") throw invalid(`value.operands[${i}]`, "is not a number", operand, "a number");
  });
  const [a, b] = operands as unknown as readonly [number, number];
  return { result: calculate(operation as Operation, a, b), operation, operands };
}

function calculate(operation: Operation, a: number, b: number): number {
  if (operation === "divide" && b === 0) throw invalid("value", "is divided by zero", a, "a divisor other than 0");
  const result = OPERATIONS[operation](a, b);
  if (!Number.isFinite(result)) {
    throw invalid("value", `cannot be taken to ${operation} ${b}`, a, "a result within the range of numbers");
  }
  return result;
}

/** The value of text as JSON; `undefined` if it is none. */
function parse({ text }: TextData): JsonValue | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A number, or what a string says in full; `undefined` for everything else, such as `""` and `"1 apple"`. */
function toNumber(input: JsonValue | undefined): number | undefined {
  if (typeof input === "number") return input;
  if (typeof input !== "string" || input.trim() === "") return undefined;
  const number = Number(input);
  return Number.isFinite(number) ? number : undefined;
}

function isObject(input: JsonValue | undefined): input is { readonly [key: string]: JsonValue } {
  return typeof input === "object" && input !== null && !Array.isArray(input);
}

function invalid(path: string, message: string, received: JsonValue | undefined, expected: string): StreamrackError {
  const shown = received === undefined ? {} : { received: JSON.stringify(received).slice(0, 80) };
  return new StreamrackError("invalid-data", "this cannot be calculated", {
    problems: [{ path, message, ...shown, expected }],
    remedy: `Send a number, or for example ${EXAMPLE}.`,
  });
}
