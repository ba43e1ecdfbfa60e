/**
 * StreamingNodeFactory: makes nodes of one type, with their parameters
 * checked. It lives where the plugin's code runs, in the worker.
 *
 * @module
 */

import { describeThrown, displayValue, placed, type Problem, StreamrackError } from "../errors.ts";
import type { NodeContext, StreamingNode } from "./contract.ts";
import type { AnyNodeDefinition } from "./define.ts";
import type { StandardIssue, StandardResult, StandardSchema } from "./standard_schema.ts";

/** Parameters after validation, or what is wrong with them. */
export type ParamsResult =
  | { readonly ok: true; readonly params: unknown }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Those that give one value at a time: what `process` is given must not depend on parameters. */
const INSTANCE_ALIGNMENTS: readonly unknown[] = ["any", "time", "duration", undefined];

/** Makes nodes of one type. */
export class StreamingNodeFactory {
  readonly definition: AnyNodeDefinition;
  readonly pluginName: string;

  constructor(definition: AnyNodeDefinition, pluginName: string) {
    this.definition = definition;
    this.pluginName = pluginName;
  }

  /**
   * Validates parameters and fills in their defaults.
   *
   * @param params What the manifest gives; `null` and absent count as `{}`.
   * @param path Where they stand, for the problems.
   */
  async checkParams(params: unknown, path: string): Promise<ParamsResult> {
    const schema = this.definition.params as StandardSchema | undefined;
    if (schema === undefined) return { ok: true, params: undefined };
    const given = params ?? {};
    let result: StandardResult<unknown>;
    try {
      result = await schema["~standard"].validate(given);
    } catch (thrown) {
      // A check of the author's own that cannot cope with what it was given.
      const message = `could not be checked: ${describeThrown(thrown)}`;
      return { ok: false, problems: [{ path, message, received: displayValue(given) }] };
    }
    if (result.issues === undefined) return { ok: true, params: result.value };
    return { ok: false, problems: result.issues.map((issue) => toProblem(issue, given, path)) };
  }

  /** Makes one node. @throws {StreamrackError} `node-create-failed`. */
  async create(context: NodeContext): Promise<StreamingNode> {
    const place = { nodeId: context.nodeId, pluginName: this.pluginName };
    let node: unknown;
    try {
      node = await this.definition.create(context);
    } catch (thrown) {
      if (StreamrackError.is(thrown)) throw placed(thrown, place);
      const detail = `"${this.definition.type}" could not be created: ${describeThrown(thrown)}`;
      throw new StreamrackError("node-create-failed", detail, { ...place, cause: thrown });
    }
    const created = node as StreamingNode | null | undefined;
    const refuse = (problem: Problem) => {
      const detail = `create() of "${this.definition.type}" gave no node`;
      return new StreamrackError("node-create-failed", detail, { ...place, problems: [problem] });
    };
    const look = (read: () => unknown): unknown => {
      try {
        return read();
      } catch (thrown) {
        throw refuse({ path: "create()", message: `cannot be read: ${describeThrown(thrown)}` });
      }
    };
    if (typeof look(() => created?.process) !== "function") {
      const [received, expected] = [displayValue(node), "{ process(input) { … } }"];
      throw refuse({ path: "create()", message: "has no process function", received, expected });
    }
    const align = look(() => created?.align);
    if (!INSTANCE_ALIGNMENTS.includes(align)) {
      const [received, expected] = [displayValue(align), '"any", "time" or "duration"'];
      throw refuse({ path: "create().align", message: "is not right", received, expected });
    }
    return created as StreamingNode;
  }
}

function toProblem(issue: StandardIssue, root: unknown, rootPath: string): Problem {
  let path = rootPath;
  let value = root;
  for (const segment of issue.path ?? []) {
    const key = typeof segment === "object" ? segment.key : segment;
    path += typeof key === "number" ? `[${key}]` : `.${String(key)}`;
    const holds = typeof value === "object" && value !== null && Object.hasOwn(value, key);
    value = holds ? (value as Record<PropertyKey, unknown>)[key] : undefined;
  }
  return { path, message: issue.message, received: displayValue(value) };
}
