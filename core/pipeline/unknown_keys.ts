/**
 * What a manifest says and nobody reads: mostly a word that was misspelt.
 *
 * @module
 */

import { displayValue, type Problem } from "../errors.ts";
import type { JsonSchema, NodeDescription } from "../node/describe.ts";
import type { StreamingNodeRegistry } from "../node/registry.ts";
import { closest } from "./closest.ts";
import { CONNECTION_KEYS, NODE_KEYS } from "./manifest.ts";

/**
 * Keys of nodes and connections that are ignored because neither we nor
 * RemoteMedia know them, such as a misspelt `from_prot`; with a registry, also
 * parameters that a node does not have. None of them makes a manifest invalid:
 * they are for warnings.
 *
 * @param value The manifest as it was parsed, of any form.
 * @param registry Knows the parameters of each node type. Absent: parameters are not looked at.
 */
export function unknownManifestKeys(
  value: unknown,
  registry?: Pick<StreamingNodeRegistry, "find">,
): readonly Problem[] {
  const lists = [["nodes", NODE_KEYS], ["connections", CONNECTION_KEYS]] as const;
  return lists.flatMap(([name, known]) => {
    const list = isRecord(value) ? value[name] : undefined;
    if (!Array.isArray(list)) return [];
    return list.flatMap((entry: unknown, i) => {
      if (!isRecord(entry)) return [];
      const problems = unknownKeys(entry, known, { path: `${name}[${i}]`, whose: `${name} have no such key` });
      const { node_type: type, params } = entry;
      const found = name === "nodes" && typeof type === "string" ? registry?.find(type) : undefined;
      return found === undefined ? [...problems] : [...problems, ...unknownParams(found, params, `nodes[${i}].params`)];
    });
  });
}

/**
 * Parameters that a node type does not have, where its schema names all that
 * there are; one by one, as they are asked for, since a stranger may give many.
 *
 * @param path Where the parameters stand, for the problems.
 */
export function* unknownParams(
  { description: { type, paramsSchema } }: { readonly description: NodeDescription },
  params: unknown,
  path: string,
): Generator<Problem, void, void> {
  const known = paramsSchema && namedProperties(paramsSchema);
  if (known === undefined || !isRecord(params)) return;
  yield* unknownKeys(params, known, { path, whose: `${type} has no such parameter` });
}

function* unknownKeys(
  value: { readonly [key: string]: unknown },
  known: readonly string[],
  { path, whose }: { readonly path: string; readonly whose: string },
): Generator<Problem, void, void> {
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    const near = closest(key, known);
    const hint = near === undefined ? "" : `; did you mean "${near}"?`;
    yield { path: path + pathOf(key), message: `is ignored: ${whose}${hint}` };
  }
}

/** How a key is written in a path: short, and on one line. */
function pathOf(key: string): string {
  return /^[\w-]{1,64}$/.test(key) ? `.${key}` : `[${displayValue(key)}]`;
}

/** Words by which a schema of an object takes more than its `properties` name. */
const OPEN = ["allOf", "anyOf", "oneOf", "patternProperties", "$ref"];

/** No node has as many parameters. */
const PARAMS_MAX = 1_000;

/** The properties of an object that has no others; `undefined` where there may be others. */
function namedProperties(schema: JsonSchema): readonly string[] | undefined {
  const { type, properties, additionalProperties = false } = schema;
  const isClosed = type === "object" && additionalProperties === false && !OPEN.some((word) => word in schema);
  if (!isClosed || !isRecord(properties)) return undefined;
  const names = Object.keys(properties);
  return names.length > PARAMS_MAX ? undefined : names;
}

function isRecord(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
