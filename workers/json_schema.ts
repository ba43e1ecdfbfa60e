/**
 * JSON Schema of a Standard Schema, where its library can tell it.
 *
 * @module
 */

import type { JsonSchema } from "../core/node/describe.ts";
import type { StandardSchema } from "../core/node/standard_schema.ts";

/**
 * Gives the JSON Schema of what a schema accepts, or `undefined` if its
 * library offers none. Parts that JSON Schema cannot express are left open.
 */
export async function toJsonSchema(schema: unknown): Promise<JsonSchema | undefined> {
  const standard = (schema as StandardSchema)["~standard"] as StandardSchema["~standard"] & StandardJsonSchema;
  if (standard.jsonSchema !== undefined) return standard.jsonSchema.input({ target: "draft-07" });
  if (standard.vendor !== "valibot") return undefined;
  // Loaded only where a plugin is described, never where it runs.
  const valibot = await import("@valibot/to-json-schema");
  type ValibotSchema = Parameters<typeof valibot.toJsonSchema>[0];
  const converted = valibot.toJsonSchema(schema as ValibotSchema, { typeMode: "input", errorMode: "ignore" });
  return JSON.parse(JSON.stringify(converted)) as JsonSchema;
}

/** The Standard JSON Schema extension, which newer schema libraries implement. */
interface StandardJsonSchema {
  readonly jsonSchema?: { input(options: { readonly target: "draft-07" }): JsonSchema };
}
