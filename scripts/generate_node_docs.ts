/**
 * Writes `docs/nodes.md`: the node types of our own plugins, with ports,
 * parameters, ranges and defaults, from the catalogue.
 *
 * Run by `deno task generate`, after the catalogue.
 *
 * @module
 */

import { writeFile } from "node:fs/promises";
import type { JsonSchema, NodeDescription, PluginDescription } from "../core/node/describe.ts";
import type { Ports } from "../core/node/contract.ts";
import { PLUGIN_CATALOG } from "../plugins/catalog.ts";

const HEAD = `# Node types

Every node type that comes with Streamrack. This file is made by \`deno task generate\` from the plugins themselves;
\`streamrack nodes describe <type>\` shows the same for any plugin. What the words and units mean is in
[units.md](units.md); how a manifest names ports is in [architecture.md](architecture.md#the-manifest).

A parameter without a default is required where the table says so; else it may be left out, and its description says
what then holds. Parameters that a node type does not have are ignored.
`;

const ALIGNMENT = {
  any: "",
  zip: "Takes one value of each port together.",
  "zip-timestamp": "Takes the values of all ports that have the same timestamp together.",
  latest: "Takes whatever comes, together with the latest of every other port.",
  time: "Takes its sources in the order of media time.",
  duration: "Takes its sources in step, by the duration of what they gave.",
} as const;

/** The text of the document, not yet formatted. */
export function nodeDocs(plugins: readonly PluginDescription[]): string {
  const sections = plugins.flatMap(({ name, nodes }) => [`## Plugin \`${name}\``, ...nodes.map(nodeSection)]);
  return [HEAD, ...sections].join("\n\n");
}

function nodeSection(node: NodeDescription): string {
  const { type, aliases, summary, inputs, outputs, align, paramsSchema } = node;
  const aliasLine = aliases.length === 0 ? "" : `Also known as ${aliases.map(code).join(", ")}.`;
  return [
    `### ${type}`,
    summary,
    [aliasLine, ALIGNMENT[align]].filter((line) => line !== "").join(" "),
    table(["port", "direction", "kinds"], [...portRows(inputs, "in"), ...portRows(outputs, "out")]),
    paramsSchema === undefined ? "It has no parameters." : paramsTable(paramsSchema),
  ].filter((part) => part !== "").join("\n\n");
}

function portRows(ports: Ports, direction: string): string[][] {
  return Object.entries(ports).map(([port, kinds]) => [code(port), direction, kinds.join(", ")]);
}

function paramsTable(schema: JsonSchema): string {
  const properties = Object.entries((schema["properties"] ?? {}) as { readonly [name: string]: JsonSchema });
  if (properties.length === 0) return "It has no parameters.";
  const required = (schema["required"] ?? []) as readonly string[];
  const rows = properties.map(([name, property]) => [
    code(name),
    typeOf(property),
    required.includes(name) ? "required" : property["default"] === undefined ? "" : code(property["default"]),
    cell(String(property["description"] ?? "")),
  ]);
  return table(["parameter", "value", "default", "meaning"], rows);
}

/** The values that a schema allows, in words. */
function typeOf(schema: JsonSchema): string {
  const { type, enum: words, minimum, maximum, minLength, maxLength, maxItems, items } = schema;
  if (Array.isArray(words)) return words.map(code).join(", ");
  switch (type) {
    case "number":
      return `number${range(minimum, maximum)}`;
    case "integer":
      return `whole number${range(minimum, maximum)}`;
    case "boolean":
      return "`true`, `false`";
    case "string":
      return `text${range(minLength, maxLength, " characters")}`;
    case "array":
      return `list of (${typeOf(items as JsonSchema)})${maxItems === undefined ? "" : `, at most ${maxItems}`}`;
    case "object": {
      const names = Object.keys(schema["properties"] ?? {});
      if (names.length > 0) return `object with ${names.map(code).join(", ")}`;
      return `object of (${typeOf(schema["additionalProperties"] as JsonSchema)}) by name`;
    }
    default: {
      const { anyOf } = schema;
      return Array.isArray(anyOf) ? anyOf.map((each: JsonSchema) => typeOf(each)).join(", or ") : "any JSON";
    }
  }
}

function range(min: unknown, max: unknown, unit = ""): string {
  if (min !== undefined && max !== undefined) return `, ${min} to ${max}${unit}`;
  if (min !== undefined) return `, at least ${min}${unit}`;
  return max === undefined ? "" : `, at most ${max}${unit}`;
}

function code(value: unknown): string {
  return `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;
}

function cell(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("|", "\\|").replaceAll("\n", " ");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

if (import.meta.main) {
  const text = nodeDocs(PLUGIN_CATALOG.map(({ description }) => description));
  await writeFile(new URL("../docs/nodes.md", import.meta.url), `${text}\n`);
}
