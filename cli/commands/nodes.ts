/**
 * `streamrack nodes`: the node types that manifests may use.
 *
 * @module
 */

import type { Command } from "commander";
import type {
  JsonSchema,
  NodeDescription,
  RegisteredNode,
  RegisteredPlugin,
  Runtime,
  StreamingNodeRegistry,
} from "../../mod.ts";
import { StreamrackError } from "../../core/plugin.ts";
import { writeStdout } from "../stdout.ts";
import { renderTable } from "../table.ts";
import { addRuntimeFlags, type RuntimeFlags, withRuntime } from "./common.ts";

interface NodesFlags extends RuntimeFlags {
  readonly json?: boolean;
}

/** Adds `nodes` to the program. */
export function addNodesCommand(program: Command): void {
  const nodes = program.command("nodes")
    .summary("list and describe node types")
    .description("Shows the node types that manifests may use.")
    .addHelpText("after", HELP);
  const list = nodes.command("list")
    .description("Lists all node types.")
    .option("--json", "print the descriptions as JSON");
  addRuntimeFlags(list).action((flags: NodesFlags) =>
    withRuntime(flags, async ({ registry }) => {
      await writeStdout(flags.json === true ? toJsonText(registry.plugins().map(pluginToJson)) : renderList(registry));
    })
  );
  const describe = nodes.command("describe")
    .description("Shows what a node type takes, gives and can be told.")
    .argument("<type>", 'node type or alias, such as "audio.gain"')
    .option("--json", "print the description as JSON");
  addRuntimeFlags(describe).action((type: string, flags: NodesFlags) =>
    withRuntime(flags, async (runtime) => {
      const node = runtime.registry.find(type) ?? await failUnknown(runtime, type);
      await writeStdout(flags.json === true ? toJsonText(nodeToJson(node)) : renderNode(node));
    })
  );
}

const HELP = `
Examples:
  $ streamrack nodes list
  $ streamrack nodes describe audio.gain
  $ streamrack nodes list --plugin ./my_plugin.ts --json`;

/** The check of manifests knows what the user may have meant. */
async function failUnknown(runtime: Runtime, type: string): Promise<never> {
  const problems = await runtime.validate({ version: "v1", nodes: [{ id: "it", node_type: type }] });
  throw new StreamrackError("invalid-options", "there is no such node type", {
    problems: problems.map((problem) => ({ ...problem, path: "type" })),
    remedy: "See `streamrack nodes list`.",
  });
}

function renderList(registry: StreamingNodeRegistry): string {
  const nodes = registry.plugins()
    .flatMap(({ description }) => description.nodes.map((node) => ({ node, plugin: description })))
    .sort((a, b) => a.node.type < b.node.type ? -1 : 1);
  const table = renderTable([
    { title: "type", value: ({ node }) => node.type },
    { title: "takes", value: ({ node }) => kindsText(node.inputs) },
    { title: "gives", value: ({ node }) => kindsText(node.outputs) },
    { title: "summary", value: ({ node }) => node.summary },
  ], nodes);
  return `${table}\n`;
}

function kindsText(ports: NodeDescription["inputs"]): string {
  const kinds = new Set(Object.values(ports).flat());
  return kinds.size === 0 ? "-" : [...kinds].join(", ");
}

function renderNode({ description: node, plugin }: RegisteredNode): string {
  const { name, version, streamrack, permissions = {} } = plugin.description;
  const facts = [
    ["plugin", `${name} ${version}`],
    ...(streamrack === undefined ? [] : [["works with", `Streamrack ${streamrack}`]]),
    ...(node.aliases.length > 0 ? [["also called", node.aliases.join(", ")]] : []),
    ...Object.entries(node.inputs).map(([port, kinds]) => [`input ${port}`, kinds.join(", ")]),
    ...(Object.keys(node.inputs).length === 0 ? [["inputs", "none: it is a source"]] : []),
    ...Object.entries(node.outputs).map(([port, kinds]) => [`output ${port}`, kinds.join(", ")]),
    ...(Object.keys(node.inputs).length > 1 || node.align !== "any" ? [["alignment", node.align]] : []),
    ...Object.entries(permissions).map(([kind, wanted]) => {
      return [`needs ${kind}`, wanted === true ? "all" : wanted.map((item) => JSON.stringify(item)).join(", ")];
    }),
  ] as [string, string][];
  const width = Math.max(...facts.map(([title]) => title.length));
  const lines = [node.type, node.summary, "", ...facts.map(([title, text]) => `${title.padEnd(width)}  ${text}`), ""];
  return `${lines.join("\n")}\n${renderParams(node.paramsSchema)}\n`;
}

interface Param {
  readonly name: string;
  readonly schema: JsonSchema;
  readonly isRequired: boolean;
}

function renderParams(schema: JsonSchema | undefined): string {
  const properties = (schema?.["properties"] ?? {}) as { readonly [name: string]: JsonSchema };
  const required = (schema?.["required"] ?? []) as readonly string[];
  const params = Object.entries(properties)
    .map(([name, schema]): Param => ({ name, schema, isRequired: required.includes(name) && !("default" in schema) }));
  if (schema === undefined) return "It takes no parameters.";
  if (params.length === 0) return `parameters: ${JSON.stringify(schema, null, 2)}`;
  // Meanings may be long: they get lines of their own.
  return params.map(({ name, schema, isRequired }) => {
    const head = `parameter ${name}: ${typeText(schema)} (${isRequired ? "required" : defaultText(schema)})`;
    return "description" in schema ? `${head}\n    ${schema["description"]}` : head;
  }).join("\n");
}

function defaultText(schema: JsonSchema): string {
  return "default" in schema ? `default ${JSON.stringify(schema["default"])}` : "optional";
}

function typeText(schema: JsonSchema): string {
  const choices = (schema["enum"] ?? ("const" in schema ? [schema["const"]] : undefined)) as unknown[] | undefined;
  if (choices !== undefined) return choices.map((choice) => JSON.stringify(choice)).join(" | ");
  const alternatives = (schema["anyOf"] ?? schema["oneOf"]) as readonly JsonSchema[] | undefined;
  if (alternatives !== undefined) return alternatives.map(typeText).join(" | ");
  const type = schema["type"];
  if (type === "array") return `${typeText((schema["items"] ?? {}) as JsonSchema)}[]`;
  const name = type === undefined ? "any" : [type].flat().join(" | ");
  return [name, rangeText(schema)].filter((text) => text !== "").join(" ");
}

function rangeText(schema: JsonSchema): string {
  const bounds = [
    [">=", schema["minimum"]],
    [">", schema["exclusiveMinimum"]],
    ["<=", schema["maximum"]],
    ["<", schema["exclusiveMaximum"]],
  ] as const;
  return bounds.flatMap(([sign, bound]) => bound === undefined ? [] : [`${sign} ${bound}`]).join(", ");
}

function pluginToJson({ description }: RegisteredPlugin): unknown {
  return description;
}

function nodeToJson({ description, plugin }: RegisteredNode): unknown {
  const { name, version } = plugin.description;
  return { ...description, plugin: { name, version } };
}

function toJsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
