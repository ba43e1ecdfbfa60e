/**
 * `remote.pipeline`: a manifest that runs on a service.
 *
 * @module
 */

import * as v from "valibot";
import { defineNode, type Plugin, type RuntimeData, StreamrackError } from "../../core/plugin.ts";
import { type ChunkResult, RemotePipelineClient } from "../../remote/mod.ts";
import { RemoteStream } from "./remote_stream.ts";

const text = (description: string) => v.pipe(v.string(), v.minLength(1), v.description(description));
const pem = (description: string) => v.optional(text(description));

const tls = v.union([
  v.boolean(),
  v.object({
    ca: pem("Roots that the certificate of the service must lead to, PEM. Default: those that the runtime trusts."),
    cert: pem("Certificate to show to the service, PEM. Needs key."),
    key: pem("Key of cert, PEM."),
    serverName: pem("Name in the certificate of the service, where it is not the host of the address."),
  }),
]);

/** Parameters of `remote.pipeline`. */
const params = v.object({
  address: text("Host and port of the service."),
  manifest: v.pipe(
    v.looseObject({ version: v.literal("v1"), nodes: v.pipe(v.array(v.unknown()), v.minLength(1)) }),
    v.description("The manifest that the service runs. The service checks it."),
  ),
  input: v.optional(text("Id of the node that takes the values. Default: the only input of the manifest.")),
  output: v.optional(text("Id of the node whose values are given. Default: those of all outputs.")),
  mode: v.optional(
    v.pipe(
      v.picklist(["stream", "each"]),
      v.description(
        '"stream": one stream for all values, as for audio. "each": a stream for each value, and the next value waits ' +
          "until its pipeline has ended, as for questions to which the answer takes its time.",
      ),
    ),
    "stream",
  ),
  waitMs: v.optional(
    v.pipe(
      v.number(),
      v.minValue(0),
      v.maxValue(60_000),
      v.description(
        "How long a value of mode stream waits for its answer before the next one is taken, in milliseconds, 0 to " +
          "60000. What comes later is given when it comes.",
      ),
    ),
    20,
  ),
  token: v.optional(text("Bearer token for the service.")),
  tls: v.optional(v.pipe(tls, v.description("Whether to encrypt, or with which certificates.")), false),
});

/**
 * Runs a manifest on a service, so that nodes here and there mix in one
 * pipeline. Room, cancel and errors go through: a slow service holds this
 * pipeline back, and an error there fails this node here.
 *
 * A flush of the session drops the stream and opens another one.
 */
export const pipeline: Plugin["nodes"][number] = defineNode({
  type: "remote.pipeline",
  aliases: ["RemotePipelineNode"],
  summary: "Runs a manifest on another service, as a node of this one.",
  params,
  inputs: { in: ["any"] },
  outputs: { out: ["any"] },
  async create({ params, signal, log }) {
    const { address, token, input, output, mode, waitMs } = params;
    const manifest = params.manifest as unknown as Parameters<RemotePipelineClient["streamPipeline"]>[0];
    const client = new RemotePipelineClient(address, { token, tls: params.tls });
    let stream: RemoteStream | undefined;

    const open = () => new RemoteStream((chunks) => client.streamPipeline(manifest, chunks, { signal }), input);
    const valuesOf = ({ outputs }: ChunkResult): RuntimeData[] =>
      Object.entries(outputs).flatMap(([key, data]) => output === undefined || key === output ? [data] : []);

    async function* give(results: AsyncIterable<ChunkResult>): AsyncGenerator<RuntimeData, void, undefined> {
      try {
        for await (const result of results) yield* valuesOf(result);
      } catch (thrown) {
        throw describeFailure(address, thrown);
      }
    }

    try {
      const { runtimeVersion } = await client.connect({ signal });
      log.debug("connected", { address, runtimeVersion });
    } catch (thrown) {
      await client.disconnect();
      throw describeFailure(address, thrown);
    }
    return {
      async *process(data, item) {
        if (mode === "stream") {
          stream ??= open();
          yield* give(stream.exchange(data, { waitMs, signal: item.signal }));
          return;
        }
        const own = open();
        try {
          yield* give(own.exchange(data, { waitMs: 0, signal: item.signal }));
          yield* give(own.finish(item.signal));
        } finally {
          own.cancel();
        }
      },
      async *idle(idleSignal) {
        if (stream !== undefined) yield* give(stream.arrivals(idleSignal));
      },
      async *flush() {
        if (stream !== undefined) yield* give(stream.finish(signal));
      },
      reset() {
        stream?.cancel();
        stream = undefined;
      },
      async [Symbol.asyncDispose]() {
        stream?.cancel();
        await client.disconnect();
      },
    };
  },
});

/** The same failure, of this node: the node that it names is one of another manifest. */
function describeFailure(address: string, thrown: unknown): StreamrackError {
  const error = StreamrackError.from(thrown);
  const { code, reason, detail, nodeId, problems, remedy, retryable } = error;
  const place = nodeId === undefined ? `on ${address}` : `on ${address}, in node "${nodeId}"`;
  return new StreamrackError(reason, `${place}: ${detail}`, { code, problems, remedy, retryable, cause: error });
}
