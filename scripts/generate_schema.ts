/**
 * Writes `schemas/manifest.schema.json` from the schema in the code.
 *
 * Run by `deno task generate`.
 *
 * @module
 */

import { toJsonSchema } from "@valibot/to-json-schema";
import { mkdir, writeFile } from "node:fs/promises";
import { ManifestSchema } from "../core/pipeline/manifest.ts";

const target = new URL("../schemas/manifest.schema.json", import.meta.url);

/** Makes the text of the JSON Schema. */
export function manifestSchemaText(): string {
  const { $schema, ...schema } = toJsonSchema(ManifestSchema, { typeMode: "input" });
  const head = { $schema, title: "Streamrack manifest", description: "Nodes and connections of a pipeline." };
  return `${JSON.stringify({ ...head, ...schema }, null, 2)}\n`;
}

if (import.meta.main) {
  await mkdir(new URL("./", target), { recursive: true });
  await writeFile(target, manifestSchemaText());
}
