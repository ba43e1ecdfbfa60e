/**
 * PipelineManifest, which both generations read alike, to a manifest and back.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type JsonValue, type Problem, StreamrackError } from "../../core/plugin.ts";
import type { Manifest, ManifestNode } from "../../mod.ts";
import { RuntimeHint } from "./runtime_hint.ts";
import {
  DataTypeHint,
  type PipelineManifest,
  PipelineManifestSchema,
  RuntimeHint as WireHint,
} from "../gen/v004/remotemedia/v1/common_pb.ts";

/** The fields of a PipelineManifest that are the same in both generations. */
export type WireManifest = Pick<PipelineManifest, "version" | "metadata" | "connections"> & {
  readonly nodes: readonly Pick<PipelineManifest["nodes"][number], "id" | "nodeType" | "params" | "isStreaming">[];
};

const HINT_NUMBERS: { readonly [hint: string]: WireHint } = {
  [RuntimeHint.auto]: WireHint.AUTO,
  [RuntimeHint.rustPython]: WireHint.RUSTPYTHON,
  [RuntimeHint.cpython]: WireHint.CPYTHON,
  [RuntimeHint.cpythonWasm]: WireHint.CPYTHON_WASM,
};

/** Of how many manifests it is remembered what they are, and how long these may be, in bytes. */
const REMEMBERED = 64;
const REMEMBERED_BYTES_MAX = 64 * 1024;

/** Manifests that were read lately, by their bytes, and written lately, by their JSON; the oldest first. */
const readLately = new Map<string, WireManifest>();
const writtenLately = new Map<string, Uint8Array>();
/** What the first of them mean. */
const meanings = new WeakMap<WireManifest, Manifest>();

function remember<T>(lately: Map<string, T>, key: string, value: T): T {
  if (key.length > REMEMBERED_BYTES_MAX) return value;
  lately.set(key, value);
  const [oldest] = lately.keys();
  if (lately.size > REMEMBERED) lately.delete(oldest as string);
  return value;
}

/** Decodes a manifest; the same bytes give the same object, as far as they are remembered. @throws if they are none. */
export function readManifestBytes(bytes: Uint8Array): WireManifest {
  if (bytes.length > REMEMBERED_BYTES_MAX) return fromBinary(PipelineManifestSchema, bytes);
  const key = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  return readLately.get(key) ?? remember(readLately, key, fromBinary(PipelineManifestSchema, bytes));
}

/** Encodes a manifest. @throws {StreamrackError} As {@linkcode writeManifest}. */
export function writeManifestBytes(manifest: Manifest): Uint8Array {
  const key = JSON.stringify(manifest);
  return writtenLately.get(key) ??
    remember(writtenLately, key, toBinary(PipelineManifestSchema, writeManifest(manifest)));
}

/**
 * Reads a manifest; the same object gives the same. What the names in it mean
 * is for the runtime to check.
 *
 * @throws {StreamrackError} `invalid-manifest` if parameters are not JSON.
 */
export function readManifest(wire: WireManifest): Manifest {
  const known = meanings.get(wire);
  if (known !== undefined) return known;
  const manifest = interpret(wire);
  meanings.set(wire, manifest);
  return manifest;
}

function interpret(wire: WireManifest): Manifest {
  const problems: Problem[] = [];
  const nodes = wire.nodes.map((node, i): ManifestNode => {
    const params = parseParams(node.params, `nodes[${i}].params`, problems);
    return { id: node.id, node_type: node.nodeType, params, is_streaming: node.isStreaming };
  });
  if (problems.length > 0) {
    throw new StreamrackError("invalid-manifest", "the manifest has parameters that are not JSON", { problems });
  }
  const { name = "", description = "", createdAt = "" } = wire.metadata ?? {};
  return {
    // Whether it is a version that is known is checked with the rest of the form.
    version: wire.version as "v1",
    metadata: { name, description, created_at: createdAt },
    nodes,
    connections: wire.connections.map((connection) => ({ from: connection.from, to: connection.to })),
  };
}

function parseParams(text: string, path: string, problems: Problem[]): JsonValue | undefined {
  if (text.trim() === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    const received = JSON.stringify(text.slice(0, 60));
    problems.push({ path, message: "is not JSON", received, expected: "JSON text" });
    return undefined;
  }
}

/**
 * Writes a manifest.
 *
 * @throws {StreamrackError} `invalid-manifest` for what the protocol cannot express: ports, and output nodes.
 */
export function writeManifest(manifest: Manifest): PipelineManifest {
  const problems: Problem[] = [];
  const nodes = manifest.nodes.map((node, i) => {
    if (node.is_output_node === true) {
      problems.push({ path: `nodes[${i}].is_output_node`, message: "has no place in the protocol" });
    }
    const { host, runtime_hint: hint } = node as { host?: unknown; runtime_hint?: unknown };
    return {
      id: node.id,
      nodeType: node.node_type,
      params: node.params === undefined ? "" : JSON.stringify(node.params),
      isStreaming: node.is_streaming ?? false,
      host: typeof host === "string" ? host : "",
      runtimeHint: typeof hint === "string" ? HINT_NUMBERS[hint] ?? WireHint.UNSPECIFIED : WireHint.UNSPECIFIED,
    };
  });
  (manifest.connections ?? []).forEach((connection, i) => {
    for (const [key, usual] of [["from_port", "out"], ["to_port", "in"]] as const) {
      const port = connection[key];
      if (port === undefined || port === usual) continue;
      const received = JSON.stringify(port);
      problems.push({ path: `connections[${i}].${key}`, message: "has no place in the protocol", received });
    }
  });
  if (problems.length > 0) {
    throw new StreamrackError("invalid-manifest", "the manifest cannot be sent to a service", {
      problems,
      remedy: "Connect nodes by their only or usual ports, and end each branch in a node of its own.",
    });
  }
  const { name, description, created_at: createdAt } = manifest.metadata ?? {};
  return create(PipelineManifestSchema, {
    version: manifest.version,
    metadata: { name: name ?? "", description: description ?? "", createdAt: createdAt ?? "" },
    nodes,
    connections: (manifest.connections ?? []).map(({ from, to }) => ({ from, to })),
  });
}

const HINTED_KINDS: ReadonlyMap<number, string> = new Map([
  [DataTypeHint.AUDIO, "audio"],
  [DataTypeHint.VIDEO, "video"],
  [DataTypeHint.TENSOR, "tensor"],
  [DataTypeHint.JSON, "json"],
  [DataTypeHint.TEXT, "text"],
  [DataTypeHint.BINARY, "binary"],
  [DataTypeHint.FILE, "file"],
]);

/** The kinds that each node says it takes, for those that say so. */
export function readInputKinds(wire: PipelineManifest): ReadonlyMap<string, readonly string[]> {
  return new Map(wire.nodes.flatMap(({ id, inputTypes }) => {
    const kinds = inputTypes.map((hint) => HINTED_KINDS.get(hint));
    return kinds.length === 0 || kinds.includes(undefined) ? [] : [[id, kinds as string[]] as const];
  }));
}
