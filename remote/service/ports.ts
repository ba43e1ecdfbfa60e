/**
 * Ports of nodes, for which the protocol has names of its own.
 *
 * @module
 */

import { StreamrackError } from "../../core/plugin.ts";
import type { Session } from "../../mod.ts";

/** Where the values of a chunk go. */
export interface ChunkPorts {
  /** By the position of the value; `undefined` where the node has one input. */
  readonly ports: readonly (string | undefined)[];
  /** Positions of values that nothing takes. */
  readonly ignored: ReadonlySet<number>;
}

/**
 * Finds the input ports for the values of a chunk. A node with one input takes
 * the value named "input", or its port, or the first one.
 *
 * @throws {StreamrackError} `unknown-target` for a node or port that takes no input.
 */
export function findPort(session: Session, nodeId: string, names: readonly (string | undefined)[]): ChunkPorts {
  const inputs = session.inputs.filter((input) => nodeId === "" || input.nodeId === nodeId);
  if (inputs.length === 0) {
    const known = [...new Set(session.inputs.map((input) => JSON.stringify(input.nodeId)))].join(", ");
    throw new StreamrackError("unknown-target", "the pipeline has no such input", {
      problems: [{ path: "node_id", message: "names no input", received: JSON.stringify(nodeId), expected: known }],
    });
  }
  if (names.length === 1 && names[0] === undefined) return { ports: [undefined], ignored: new Set() };
  if (inputs.length > 1) return { ports: names, ignored: new Set() };
  const port = inputs[0]?.port;
  const chosen = Math.max(0, names.indexOf("input") >= 0 ? names.indexOf("input") : names.indexOf(port));
  return {
    ports: names.map((_, i) => i === chosen ? port : undefined),
    ignored: new Set(names.flatMap((_, i) => i === chosen ? [] : [i])),
  };
}

/** The keys under which outputs are given: the node id, with the port where it is not the usual one. */
export function outputKeys(session: Session): (nodeId: string, port: string) => string {
  const portsOf = (nodeId: string) => session.outputs.filter((output) => output.nodeId === nodeId);
  const keys = new Map(session.outputs.map(({ nodeId, port }) => {
    const isUsual = port === "out" || portsOf(nodeId).length === 1;
    return [JSON.stringify([nodeId, port]), isUsual ? nodeId : `${nodeId}.${port}`];
  }));
  return (nodeId, port) => keys.get(JSON.stringify([nodeId, port])) ?? nodeId;
}
