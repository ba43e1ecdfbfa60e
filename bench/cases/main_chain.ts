/**
 * Nodes called one after the other in this thread, as somebody would write it
 * who has no runtime for them: generators that pull from each other.
 *
 * @module
 */

import { type ManifestNode, RuntimeData, StreamingNodeFactory } from "../../mod.ts";
import audio from "../../plugins/audio/mod.ts";
import vad from "../../plugins/vad/mod.ts";

/** Makes the nodes; what is returned runs them over values once. */
export async function createChain(
  nodes: readonly ManifestNode[],
): Promise<(input: Iterable<RuntimeData>) => AsyncIterable<RuntimeData>> {
  const steps = await Promise.all(nodes.map(createStep));
  return (input) => {
    let output: AsyncIterable<RuntimeData> | Iterable<RuntimeData> = input;
    for (const step of steps) output = step(output);
    return output as AsyncIterable<RuntimeData>;
  };
}

type Step = (input: AsyncIterable<RuntimeData> | Iterable<RuntimeData>) => AsyncIterable<RuntimeData>;

async function createStep({ id, node_type: type, params }: ManifestNode): Promise<Step> {
  const definition = [...audio.nodes, ...vad.nodes].find((node) => node.type === type);
  if (definition === undefined) throw new Error(`no node type "${type}"`);
  const factory = new StreamingNodeFactory(definition, "bench");
  const checked = await factory.checkParams(params, "params");
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
  const { signal } = new AbortController();
  const source = { port: "in", from: undefined, ended: false };
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const node = await factory.create({ params: checked.params, nodeId: id, sources: [source], signal, log });
  const item = { source, missing: 0, attempt: 1, isPartial: false, progress: undefined, signal };
  return async function* (input) {
    let sequence = 0;
    for await (const data of input) {
      yield* values(node.process(data as never, { ...item, sequence: sequence++ }));
    }
    yield* values(node.flush?.());
    await node[Symbol.asyncDispose]?.();
  };
}

/** What a node answered, in whichever way, value by value; those of several ports in the order of the ports. */
async function* values(result: unknown): AsyncGenerator<RuntimeData> {
  const answer = await result;
  if (answer === undefined || answer === null) return;
  const isMany = Symbol.asyncIterator in Object(answer) || Symbol.iterator in Object(answer);
  for await (const one of isMany ? answer as AsyncIterable<object> : [answer]) {
    if ("type" in (one as object)) yield one as RuntimeData;
    else for (const value of Object.values(one as object)) if (value !== undefined) yield value as RuntimeData;
  }
}
