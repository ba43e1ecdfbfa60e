/**
 * Descriptions: what is known of a plugin without running it.
 *
 * @module
 */

import type { JsonValue } from "../data/types.ts";
import { checkMetadata } from "../data/validate.ts";
import type { Alignment, Ports } from "./contract.ts";
import { type AnyNodeDefinition, checkPlugin, type Plugin } from "./define.ts";
import { normalizePermissions, type Permissions } from "./permissions.ts";

/** A JSON Schema document. */
export type JsonSchema = { readonly [key: string]: JsonValue };

/** What a node type is called, takes and gives. */
export interface NodeDescription {
  readonly type: string;
  readonly aliases: readonly string[];
  readonly summary: string;
  readonly inputs: Ports;
  readonly outputs: Ports;
  readonly align: Alignment;
  /** JSON Schema of the parameters, where the schema library can tell it. */
  readonly paramsSchema?: JsonSchema | undefined;
}

/** A plugin's name, version and node types. */
export interface PluginDescription {
  readonly name: string;
  readonly version: string;
  /** The version of the plugin contract that it was written for, a whole number from 1. */
  readonly apiVersion: number;
  /** The versions of this package that it works with, as a range. Absent: all that speak its `apiVersion`. */
  readonly streamrack?: string | undefined;
  /** Where it wants to run. Absent: in a worker thread. */
  readonly tier?: "worker" | "process" | undefined;
  /** Whether it loads native add-ons. Absent: it does not. */
  readonly native?: boolean | undefined;
  /** What its nodes need beyond computing. Absent: nothing. */
  readonly permissions?: Permissions | undefined;
  readonly nodes: readonly NodeDescription[];
}

/**
 * Describes a plugin in plain, cloneable values.
 *
 * @param toJsonSchema Turns the schema of a node's parameters into JSON Schema, where it can.
 */
export async function describePlugin(
  plugin: Plugin,
  toJsonSchema: (schema: unknown) => Promise<JsonSchema | undefined>,
): Promise<PluginDescription> {
  const nodes = await Promise.all(plugin.nodes.map((node) => describeNode(node, toJsonSchema)));
  const { name, version, apiVersion, streamrack, tier, native, permissions = {} } = plugin;
  const works = streamrack === undefined ? {} : { streamrack };
  const wishes = { ...(tier === undefined ? {} : { tier }), ...(native === true ? { native } : {}) };
  const needed = normalizePermissions(permissions);
  const needs = Object.keys(needed).length === 0 ? {} : { permissions: needed };
  return { name, version, apiVersion, ...works, ...wishes, ...needs, nodes };
}

/** Most node types of one plugin that is described by another thread. */
const NODES_MAX = 4_096;
/** Most parts and characters of a description. It is written out, and one object could stand in many places. */
const SIZE_MAX = 16 * 1024 ** 2;

/** Whether a value is a description of a plugin that could be one, wherever it came from. */
export function isPluginDescription(value: unknown): value is PluginDescription {
  try {
    const { nodes } = value as PluginDescription;
    if (nodes.length > NODES_MAX) return false;
    checkMetadata(value, "description", SIZE_MAX);
    // A description has what a definition has, but for what cannot be described.
    const asDefined = {
      ...value as PluginDescription,
      nodes: nodes.map((node) => ({ ...node, params: undefined, create() {} })),
    };
    checkPlugin(asDefined);
    return nodes.every(({ aliases, align, paramsSchema }) =>
      Array.isArray(aliases) && typeof align === "string" && (paramsSchema === undefined || isObject(paramsSchema))
    );
  } catch {
    return false;
  }
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

async function describeNode(
  node: AnyNodeDefinition,
  toJsonSchema: (schema: unknown) => Promise<JsonSchema | undefined>,
): Promise<NodeDescription> {
  const paramsSchema = node.params === undefined ? undefined : await toJsonSchema(node.params);
  return {
    type: node.type,
    aliases: [...(node.aliases ?? [])],
    summary: node.summary,
    inputs: copyPorts(node.inputs),
    outputs: copyPorts(node.outputs),
    align: node.align ?? "any",
    ...(paramsSchema === undefined ? {} : { paramsSchema }),
  };
}

function copyPorts(ports: Ports): Ports {
  return Object.fromEntries(Object.entries(ports).map(([port, kinds]) => [port, [...kinds]]));
}
