/**
 * Checks of a description and of parameters.
 *
 * @module
 */

import { describePlugin, type JsonSchema } from "../../core/node/describe.ts";
import type { Plugin } from "../../core/node/define.ts";
import type { StandardSchema } from "../../core/node/standard_schema.ts";
import { toJsonSchema } from "../../workers/json_schema.ts";
import { wrongValueOf } from "../sample_values.ts";
import { fail, type Subject } from "./subject.ts";

export async function checkDescription(plugin: Plugin): Promise<void> {
  const description = await describePlugin(plugin, toJsonSchema);
  const text = JSON.stringify(description);
  if (JSON.stringify(structuredClone(description)) !== text) fail("a clone of the description differs from it");
  const undefinedFields = findNonJson(description, "description");
  if (undefinedFields !== undefined) fail(`${undefinedFields} cannot be written as JSON`);
}

function findNonJson(value: unknown, path: string): string | undefined {
  if (typeof value !== "object" || value === null) {
    return ["string", "number", "boolean"].includes(typeof value) || value === null ? undefined : path;
  }
  for (const [key, member] of Object.entries(value)) {
    const found = findNonJson(member, `${path}.${key}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

export async function checkDefaults(subject: Subject): Promise<void> {
  const { factory, options, definition } = subject;
  const params = await subject.params();
  const result = await factory.checkParams(params, "params");
  if (!result.ok) {
    const what = options.params === undefined ? "the least that the schema asks for" : "what the options give";
    fail(
      `${what} is not valid`,
      result.problems,
      `Give valid parameters in options.nodes["${definition.type}"].params.`,
    );
  }
  // A default may break a rule of its own schema, since libraries fill it in unchecked.
  for (const [name, property] of propertiesOf(await subject.paramsSchema())) {
    const value = property["default"];
    if (value === undefined) continue;
    const checked = await factory.checkParams({ ...params as object, [name]: value }, "params");
    if (!checked.ok) fail(`the default of "${name}" is not valid when it is written out`, checked.problems);
  }
}

export async function checkWrongParams(subject: Subject): Promise<void> {
  const schema = subject.definition.params as StandardSchema | undefined;
  if (schema === undefined) return;
  const params = await subject.params() as object | undefined;
  const wrong = propertiesOf(await subject.paramsSchema()).flatMap(([name, property]) => {
    const value = wrongValueOf(property);
    return value === undefined ? [] : [[name, { ...params, [name]: value }] as const];
  });
  const anything: readonly unknown[] = [null, 5, "text", true, [], [[]], { "": {} }, JSON.parse('{"__proto__": 5}')];
  for (const [name, given] of [...anything.map((value) => [undefined, value] as const), ...wrong]) {
    // Asked directly, since the factory would turn what is thrown into a problem.
    const { issues } = await schema["~standard"].validate(given);
    if (name === undefined) continue;
    if (issues === undefined) fail(`"${name}" takes ${JSON.stringify(wrongValueIn(given, name))}`);
    if (issues.some(({ message }) => message === "")) fail(`a problem with "${name}" says nothing`);
  }
}

function wrongValueIn(given: unknown, name: string): unknown {
  return (given as { readonly [name: string]: unknown })[name];
}

function propertiesOf(schema: JsonSchema | undefined): [string, JsonSchema][] {
  return Object.entries((schema?.["properties"] ?? {}) as { readonly [name: string]: JsonSchema });
}
