import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type JsonValue, RuntimeData, StreamrackError } from "../../core/plugin.ts";
import { StreamingNodeFactory } from "../../core/node/factory.ts";
import { calculator } from "../../plugins/util/calculator.ts";
import { runNode } from "../../testing/mod.ts";

/** What the node makes of one input; a string in `text` is sent as text. */
async function calculate(input: JsonValue | { readonly text: string }, params: JsonValue = {}): Promise<unknown> {
  const isText = typeof input === "object" && input !== null && "text" in input;
  const data = isText ? RuntimeData.text(input.text as string) : RuntimeData.json(input as JsonValue);
  const { output } = await runNode(calculator, [data], { params });
  assert.equal(output.length, 1);
  const [answer] = output;
  return answer?.type === "text" ? { text: answer.text } : answer?.type === "json" ? answer.value : answer;
}

async function failure(input: JsonValue | { readonly text: string }, params: JsonValue = {}): Promise<string> {
  const error: unknown = await calculate(input, params).then((answer) => answer, (thrown) => thrown);
  assert.ok(StreamrackError.is(error), `expected a failure, received ${JSON.stringify(error)}`);
  return `${error.message} ${error.cause instanceof Error ? error.cause.message : ""}`;
}

describe("util.calculator", () => {
  it("takes the operand from its parameters", async () => {
    assert.equal(await calculate(10, { operation: "add", operand: 5 }), 15);
    assert.equal(await calculate(10, { operation: "subtract", operand: 4 }), 6);
    assert.equal(await calculate("2.5", { operation: "multiply", operand: 2 }), 5);
    assert.equal(await calculate({ text: " 9 " }, { operation: "divide", operand: 2 }), 4.5);
    assert.equal(await calculate(10, { operand: 1 }), 11);
    assert.equal(await calculate(10), 10);
  });

  it("answers an object with an object", async () => {
    assert.deepEqual(await calculate({ value: 10 }, { operation: "add", value: 5 }), { result: 15 });
    assert.deepEqual(await calculate({ text: '{"value": 10.0}' }, { operation: "add", value: 5 }), { result: 15 });
    assert.deepEqual(await calculate({ value: "3" }, { operation: "multiply", operand: 2, value: 9 }), { result: 6 });
  });

  it("takes the whole calculation from the input, whatever its parameters", async () => {
    const cases = [["add", 5], ["subtract", 1], ["multiply", 6], ["divide", 1.5]] as const;
    for (const [operation, result] of cases) {
      const input = { operation, operands: [3, 2] };
      assert.deepEqual(await calculate(input), { result, ...input });
      assert.deepEqual(await calculate(input, { operation: "add", operand: 100 }), { result, ...input });
    }
  });

  it("passes other values on if it has parameters", async () => {
    const params = { operation: "add", operand: 1 };
    for (const input of ["apple", "", null, true, [1, 2], { other: 1 }]) {
      assert.deepEqual(await calculate(input, params), input);
    }
    assert.deepEqual(await calculate({ text: "two" }, params), { text: "two" });
  });

  it("says what is wrong with a calculation", async () => {
    const operands = [1, 2];
    assert.match(await failure({ operands }), /value\.operation: is missing.*add, subtract, multiply, divide/);
    assert.match(await failure({}), /value\.operation: is missing/);
    assert.match(await failure({ operation: "power", operands }), /value\.operation: is unknown; received "power"/);
    assert.match(await failure({ operation: "toString", operands }), /is unknown/);
    assert.match(await failure({ operation: "add" }), /value\.operands: are missing/);
    assert.match(await failure({ operation: "add", operands: [1] }), /value\.operands: are not two; received \[1\]/);
    assert.match(await failure({ operation: "add", operands: [1, 2, 3] }), /value\.operands: are not two/);
    assert.match(await failure({ operation: "add", operands: [1, "2"] }), /value\.operands\[1\]: is not a number/);
    assert.match(await failure({ operation: "divide", operands: [1, 0] }), /divided by zero/);
    assert.match(await failure(1, { operation: "divide" }), /divided by zero/);
    assert.match(await failure({ operation: "multiply", operands: [1e300, 1e300] }), /range of numbers/);
    assert.match(await failure({ text: "not JSON" }), /is no calculation; received "not JSON"/);
    assert.match(await failure([1, 2]), /is no calculation/);
  });

  it("keeps timestamp and metadata", async () => {
    const input = RuntimeData.json(1, { timestampUs: 7, metadata: { a: 1 } });
    assert.deepEqual((await runNode(calculator, [input])).output, [input]);
  });

  it("names bad parameters before anything runs", async () => {
    for (
      const [params, path] of [
        [{ operation: "power" }, "p.operation"],
        [{ operand: "5" }, "p.operand"],
        [{ value: Infinity }, "p.value"],
      ] as const
    ) {
      const result = await new StreamingNodeFactory(calculator, "util").checkParams(params, "p");
      assert.deepEqual(result.ok ? [] : result.problems.map((problem) => problem.path), [path]);
    }
  });
});
