/**
 * A node type under test, and how a check fails.
 *
 * @module
 */

import type { JsonValue, RuntimeData } from "../../core/data/types.ts";
import { type Problem, StreamrackError } from "../../core/errors.ts";
import { settledWithin } from "../../core/flow/settled_within.ts";
import type { StreamingNode } from "../../core/node/contract.ts";
import type { AnyNodeDefinition } from "../../core/node/define.ts";
import type { JsonSchema } from "../../core/node/describe.ts";
import { StreamingNodeFactory } from "../../core/node/factory.ts";
import { toJsonSchema } from "../../workers/json_schema.ts";
import { type NodeRun, runNode, type RunNodeOptions, type TestSource } from "../run_node.ts";
import { kindsOf, samplesOf, valueOfSchema } from "../sample_values.ts";
import type { ConformanceOptions, NodeConformanceOptions } from "./options.ts";

/** A node type under test. */
export class Subject {
  readonly definition: AnyNodeDefinition;
  readonly factory: StreamingNodeFactory;
  readonly options: NodeConformanceOptions;
  readonly ports: readonly string[];
  readonly #stuckAfterMs: number;
  #params: Promise<JsonValue | undefined> | undefined;

  constructor(definition: AnyNodeDefinition, pluginName: string, { nodes, stuckAfterMs = 10_000 }: ConformanceOptions) {
    this.definition = definition;
    this.factory = new StreamingNodeFactory(definition, pluginName);
    this.options = nodes !== undefined && Object.hasOwn(nodes, definition.type) ? nodes[definition.type] ?? {} : {};
    this.ports = Object.keys(definition.inputs);
    this.#stuckAfterMs = stuckAfterMs;
  }

  /** The JSON Schema of the parameters, if they have one. */
  async paramsSchema(): Promise<JsonSchema | undefined> {
    return this.definition.params === undefined ? undefined : await toJsonSchema(this.definition.params);
  }

  /** Parameters to run with. */
  params(): Promise<JsonValue | undefined> {
    return this.#params ??= (async () => {
      if (this.options.params !== undefined) return this.options.params;
      const schema = await this.paramsSchema();
      const required = schema?.["required"];
      return Array.isArray(required) && required.length > 0 ? valueOfSchema(schema as JsonSchema) : undefined;
    })();
  }

  /** Values for a port: the author's, else some of each kind. */
  samples(port: string): readonly RuntimeData[] {
    const given = this.options.samples;
    if (given !== undefined && Object.hasOwn(given, port)) return given[port] ?? [];
    return kindsOf(this.definition.inputs[port] ?? []).flatMap(samplesOf);
  }

  /** Sources with values for every port. */
  sources(samplesOfPort: (port: string) => TestSource["data"] = (port) => this.samples(port)): TestSource[] {
    return this.ports.map((port) => ({ port, data: samplesOfPort(port) }));
  }

  /** Runs the node; fails if it does not end. */
  async run(
    sources: readonly TestSource[],
    options: RunNodeOptions & { definition?: AnyNodeDefinition } = {},
  ): Promise<NodeRun> {
    const { definition = this.definition, ...rest } = options;
    const params = await this.params();
    return await this.inTime(runNode(definition, { sources }, { ...params === undefined ? {} : { params }, ...rest }));
  }

  /** What a call gives; fails if it does not end. */
  async inTime<T>(call: Promise<T>): Promise<T> {
    const settled = await settledWithin(call.then((value) => ({ value })), this.#stuckAfterMs);
    if (settled === undefined) fail(`it did not end within ${this.#stuckAfterMs} ms`);
    return settled.value;
  }
}

export async function createNode(subject: Subject): Promise<StreamingNode> {
  const result = await subject.factory.checkParams(await subject.params(), "params");
  if (!result.ok) fail("its parameters are not valid", result.problems);
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const sources = subject.ports.map((port) => ({ port, from: undefined, ended: false }));
  const { signal } = new AbortController();
  return await subject.inTime(subject.factory.create({ params: result.params, nodeId: "node", sources, signal, log }));
}

/** What every message begins with that says that a plugin does not conform. */
export const FAULT = "the plugin does not conform:";

export function fail(detail: string, problems: readonly Problem[] = [], remedy?: string): never {
  throw new StreamrackError("invalid-plugin", `${FAULT} ${detail}`, { problems, remedy });
}
