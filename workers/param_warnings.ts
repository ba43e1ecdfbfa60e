/**
 * Warnings of parameters that a manifest gives and its nodes do not have.
 *
 * @module
 */

import { renderProblem } from "../core/errors.ts";
import type { Plan } from "../core/pipeline/plan.ts";
import type { LogEntry } from "../core/pipeline/segment.ts";
import { unknownParams } from "../core/pipeline/unknown_keys.ts";

/** Most warnings of one runtime: a service opens manifests of whoever calls it. */
const WARNINGS_MAX = 256;

/** Warns of each parameter of a node type once, however many sessions it is given to. */
export class ParamWarnings {
  readonly #told = new Set<string>();

  /** Logs what is new in a plan. */
  look({ nodes }: Plan, sessionId: string, log: (entry: LogEntry) => void): void {
    for (const node of nodes) {
      for (const problem of unknownParams(node, node.params, node.paramsPath)) {
        if (this.#told.size === WARNINGS_MAX) return;
        const message = renderProblem(problem);
        if (this.#told.has(message)) continue;
        this.#told.add(message);
        const { id: nodeId, plugin: { description: { name: pluginName } } } = node;
        log({ level: "warn", message, sessionId, nodeId, pluginName });
      }
    }
  }
}
