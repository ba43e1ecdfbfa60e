/**
 * How authors declare node types and plugins.
 *
 * @module
 */

import { displayValue, type Problem, StreamrackError } from "../errors.ts";
import { DATA_KINDS } from "../data/types.ts";
import { VERSION } from "../version.ts";
import type { Alignment, NodeContext, Ports, StreamingNode } from "./contract.ts";
import { checkPermissions, type Permissions } from "./permissions.ts";
import type { SchemaOutput, StandardSchema } from "./standard_schema.ts";
import { isInRange, isVersion, isVersionRange } from "./version_range.ts";

/** The version of the plugin contract that this package speaks. */
export const PLUGIN_API_VERSION = 1;

/** A node type: what it is called, takes and gives, and how an instance is made. */
export interface NodeDefinition<
  S extends StandardSchema | undefined = StandardSchema | undefined,
  I extends Ports = Ports,
  O extends Ports = Ports,
> {
  /** Registered name, dotted: the plugin's topic, then what the node does, such as `"audio.gain"`. */
  readonly type: string;
  /** Further names under which manifests may use it. */
  readonly aliases?: readonly string[];
  /** One sentence for `streamrack nodes list`. */
  readonly summary: string;
  /** Schema of the parameters. Absent: the node takes none, and what a manifest gives is ignored. */
  readonly params?: S;
  /** Input ports. A node with none is a generator: `process` is never called, `flush` once. */
  readonly inputs: I;
  /** Output ports. */
  readonly outputs: O;
  /** How several sources are taken, unless an instance says otherwise. Default: `"any"`. */
  readonly align?: Alignment;
  /** Makes one instance for one session. May be async, to load a model, say. */
  create(
    context: NodeContext<S extends StandardSchema ? SchemaOutput<S> : undefined>,
  ): StreamingNode<I, O> | Promise<StreamingNode<I, O>>;
}

/** A node definition of any types, as plugins hold it. */
// deno-lint-ignore no-explicit-any -- parameters are contravariant: no other type takes every definition
export type AnyNodeDefinition = NodeDefinition<any, any, any>;

/** A named, versioned set of node types: what a plugin module default-exports. */
export interface Plugin {
  /** Unique among the plugins of a runtime; lower-case letters, digits, `-`, `/`, `@`, `.` and `_`. */
  readonly name: string;
  /** The plugin's own semantic version, such as `"1.4.0"`. An application may ask for a range of them. */
  readonly version: string;
  /** The contract that it was written for: {@linkcode PLUGIN_API_VERSION}. */
  readonly apiVersion: number;
  /**
   * The versions of this package that it works with, as a range in npm's form: `">=0.3 <1"`. Where it is loaded into
   * another, it is refused with `plugin-version`. Default: all that speak its `apiVersion`.
   */
  readonly streamrack?: string | undefined;
  /**
   * Where it wants to run: `"process"` for one of its own child processes, which can be limited and killed where a
   * thread cannot. The application has the last word. Default: a worker thread.
   */
  readonly tier?: "worker" | "process" | undefined;
  /**
   * Whether it loads native add-ons, which can bring down whatever process they are in. It runs in a child process
   * then, and in a thread only where the application says `allowNative`. Load the add-on in `create`: the module itself
   * may be loaded in a thread, to be described. Default: false.
   */
  readonly native?: boolean | undefined;
  readonly nodes: readonly AnyNodeDefinition[];
  /** What its nodes need of files, network, environment, programs and native code. Default: nothing. */
  readonly permissions?: Permissions | undefined;
}

/**
 * Declares a node type; the types of `params`, input and output follow from
 * the declaration. It checks nothing and changes nothing at run time.
 *
 * @example
 * ```ts
 * import { defineNode, RuntimeData } from "@streamrack/core/plugin";
 * import * as v from "valibot";
 *
 * export const repeat = defineNode({
 *   type: "text.repeat",
 *   summary: "Says everything several times.",
 *   params: v.object({ times: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 2) }),
 *   inputs: { in: ["text"] },
 *   outputs: { out: ["text"] },
 *   create({ params }) {
 *     return {
 *       *process(data) {
 *         for (let i = 0; i < params.times; i++) yield RuntimeData.text(data.text);
 *       },
 *     };
 *   },
 * });
 * ```
 */
export function defineNode<
  const I extends Ports,
  const O extends Ports,
  S extends StandardSchema | undefined = undefined,
>(definition: NodeDefinition<S, I, O>): NodeDefinition<S, I, O> {
  return definition;
}

/**
 * Declares a plugin and checks the declaration.
 *
 * @throws {StreamrackError} `invalid-plugin` with every problem, `plugin-api-version` or `plugin-version`.
 */
export function definePlugin(plugin: Plugin): Plugin {
  return checkPlugin(plugin);
}

const NAME = /^[a-z0-9@][a-z0-9@/._-]*$/;
const NODE_TYPE = /^[A-Za-z][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*$/;
const PORT_NAME = /^[A-Za-z][A-Za-z0-9_]*$/;
const ALIGNMENTS = ["any", "zip", "zip-timestamp", "latest", "time", "duration"] as const satisfies Alignment[];

/**
 * Refuses a plugin, or what describes one, that is for other versions of this
 * package. Whatever else may be wrong with it is no matter here.
 *
 * @throws {StreamrackError} `plugin-api-version` or `plugin-version`.
 */
export function checkContract({ apiVersion, streamrack }: Partial<Plugin>, from: string): void {
  if (apiVersion !== undefined && Number.isInteger(apiVersion) && apiVersion !== PLUGIN_API_VERSION) {
    const newer = apiVersion > PLUGIN_API_VERSION;
    throw new StreamrackError(
      "plugin-api-version",
      `${from} was written for version ${apiVersion} of the plugin contract; this is version ${PLUGIN_API_VERSION}`,
      { remedy: newer ? "Update @streamrack/core, or use an older plugin." : "Update the plugin." },
    );
  }
  if (typeof streamrack !== "string" || !isVersionRange(streamrack) || isInRange(VERSION, streamrack)) return;
  throw new StreamrackError("plugin-version", `${from} does not work with version ${VERSION} of @streamrack/core`, {
    problems: [{
      path: "streamrack",
      message: "leaves this version out",
      received: displayValue(streamrack),
      expected: `a range that ${VERSION} is in`,
    }],
    remedy: "Install a version of @streamrack/core within that range, or another version of the plugin.",
  });
}

/**
 * Returns the value if it is a plugin of a version that this package speaks.
 *
 * @throws {StreamrackError} `invalid-plugin`, `plugin-api-version` or `plugin-version`.
 */
export function checkPlugin(value: unknown, from = "the plugin"): Plugin {
  const problems: Problem[] = [];
  const expect = (holds: boolean, path: string, received: unknown, expected: string) => {
    if (!holds) problems.push({ path, message: "is not right", received: displayValue(received), expected });
  };
  if (typeof value !== "object" || value === null) {
    throw new StreamrackError("invalid-plugin", `${from} exports no plugin`, {
      problems: [{
        path: "default",
        message: "is not a plugin",
        received: displayValue(value),
        expected: "the result of definePlugin({ … })",
      }],
      remedy: "Write `export default definePlugin({ name, version, apiVersion: 1, nodes: [ … ] })`.",
    });
  }
  const plugin = value as Plugin;
  checkContract(plugin, from);
  expect(plugin.apiVersion === PLUGIN_API_VERSION, "apiVersion", plugin.apiVersion, `${PLUGIN_API_VERSION}`);
  expect(typeof plugin.name === "string" && NAME.test(plugin.name), "name", plugin.name, "a lower-case name");
  const { version, streamrack } = plugin;
  expect(typeof version === "string" && isVersion(version), "version", version, 'a semantic version such as "1.4.0"');
  const isRange = streamrack === undefined || typeof streamrack === "string" && isVersionRange(streamrack);
  expect(isRange, "streamrack", streamrack, 'a range of versions such as ">=0.3 <1"');
  const isTier = plugin.tier === undefined || plugin.tier === "worker" || plugin.tier === "process";
  expect(isTier, "tier", plugin.tier, '"worker" or "process"');
  expect(plugin.native === undefined || typeof plugin.native === "boolean", "native", plugin.native, "true or false");
  const isAtOdds = plugin.native === true && plugin.tier === "worker";
  expect(!isAtOdds, "tier", plugin.tier, '"process": it loads native add-ons');
  if (!Array.isArray(plugin.nodes)) expect(false, "nodes", plugin.nodes, "an array of node definitions");
  else {
    const names = new Map<string, string>();
    // Array.from, since forEach passes over holes.
    Array.from(plugin.nodes, (node, i) => checkNode(node, `nodes[${i}]`, names, expect));
  }
  if (plugin.permissions !== undefined) problems.push(...checkPermissions(plugin.permissions, "permissions"));
  if (problems.length > 0) throw new StreamrackError("invalid-plugin", `${from} is not a valid plugin`, { problems });
  return plugin;
}

function checkNode(
  node: AnyNodeDefinition,
  path: string,
  names: Map<string, string>,
  expect: (holds: boolean, path: string, received: unknown, expected: string) => void,
): void {
  if (typeof node !== "object" || node === null) return expect(false, path, node, "a node definition");
  const aliases: unknown = node.aliases ?? [];
  expect(Array.isArray(aliases), `${path}.aliases`, aliases, "an array of names");
  for (const [i, type] of [node.type, ...(Array.isArray(aliases) ? aliases : [])].entries()) {
    const typePath = i === 0 ? `${path}.type` : `${path}.aliases[${i - 1}]`;
    expect(typeof type === "string" && NODE_TYPE.test(type), typePath, type, 'a name such as "audio.gain"');
    const first = names.get(type);
    expect(first === undefined, typePath, type, `a name that differs from ${first}`);
    if (typeof type === "string" && first === undefined) names.set(type, typePath);
  }
  expect(typeof node.summary === "string" && node.summary !== "", `${path}.summary`, node.summary, "one sentence");
  expect(typeof node.create === "function", `${path}.create`, node.create, "a function");
  const isAlignment = node.align === undefined || ALIGNMENTS.includes(node.align);
  expect(isAlignment, `${path}.align`, node.align, ALIGNMENTS.join(", "));
  const schema: unknown = node.params;
  const isSchema = schema === undefined || (schema as StandardSchema)?.["~standard"]?.version === 1;
  expect(isSchema, `${path}.params`, schema, "a Standard Schema, such as v.object({ … }) of valibot");
  for (const side of ["inputs", "outputs"] as const) {
    const ports: unknown = node[side];
    if (typeof ports !== "object" || ports === null) {
      expect(false, `${path}.${side}`, ports, 'an object such as { in: ["audio"] }');
      continue;
    }
    for (const [port, kinds] of Object.entries(ports)) {
      // An object with a field "then" may be taken for a promise.
      const isName = PORT_NAME.test(port) && port !== "then";
      expect(isName, `${path}.${side}`, port, 'port names of letters, digits and _, not "then"');
      const known = Array.isArray(kinds) && kinds.length > 0 &&
        kinds.every((kind) => kind === "any" || (DATA_KINDS as readonly unknown[]).includes(kind));
      expect(known, `${path}.${side}.${port}`, kinds, `an array of ${DATA_KINDS.join(", ")} or any`);
    }
  }
}
