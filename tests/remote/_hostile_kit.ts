/** Messages, and what is done with connections, for clients that do wrong. */

import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { RemotePipelineClient } from "../../remote/mod.ts";
import { RuntimeData } from "../../mod.ts";
import { encode, type RawClient, type RawStream, type ServiceUnderTest, V004 } from "./_service_kit.ts";

export const STATUS = { ok: 0, cancelled: 1, invalidArgument: 3, deadline: 4, exhausted: 8, unavailable: 14 } as const;
export const STREAM_004 = [V004.StreamRequestSchema, V004.StreamResponseSchema] as const;
export const EXECUTE_004 = [V004.ExecuteRequestSchema, V004.ExecuteResponseSchema] as const;
export const PASS = { version: "v1", nodes: [{ id: "pass", nodeType: "PassThrough" }] };
export const INIT = { request: { case: "init", value: { manifest: PASS, clientVersion: "v1" } } };
export const CLOSE = { request: { case: "control", value: { command: 1 } } };

export function json(text: string) {
  return { dataType: { case: "json", value: { jsonPayload: text } } };
}

export function chunk(sequence: number, buffer: object | undefined = json(`${sequence}`), nodeId = "pass") {
  return { request: { case: "dataChunk", value: { nodeId, buffer, sequence: BigInt(sequence) } } };
}

export function audio(samples: number, format = 1) {
  const value = { samples: new Uint8Array(4 * samples), sampleRate: 16_000, channels: 1, format };
  return { dataType: { case: "audio", value } };
}

/** A connection below HTTP/2. */
export function dial(address: string): Promise<Socket> {
  const [host, port] = address.split(":");
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: Number(port) }, () => resolve(socket));
    socket.on("error", reject);
  });
}

/** Resolves when the other side has closed the connection. */
export async function closed(socket: Socket): Promise<void> {
  socket.on("error", () => {});
  socket.resume();
  if (!socket.destroyed && !socket.closed) await new Promise((resolve) => socket.once("close", resolve));
}

/** An ordinary client is served. */
export async function isServed(address: string): Promise<void> {
  const client = new RemotePipelineClient(address);
  try {
    const manifest = { version: "v1", nodes: [{ id: "p", node_type: "PassThrough" }] } as const;
    const { outputs } = await client.executePipeline(manifest, { p: RuntimeData.text("here") });
    assert.equal(RuntimeData.asText(outputs["p"] as RuntimeData), "here");
  } finally {
    await client.disconnect();
  }
}

/** The value of a gauge or counter. */
export async function metric(service: { renderMetrics(): Promise<{ text: string }> }, name: string): Promise<number> {
  const { text } = await service.renderMetrics();
  const line = text.split("\n").find((candidate) => candidate.startsWith(`${name} `));
  return Number(line?.split(" ")[1]);
}

/** Looks at a gauge in each turn of the event loop: the end of a connection is told by nothing else. */
export async function untilMetric(service: Parameters<typeof metric>[0], name: string, value: number): Promise<void> {
  while (await metric(service, name) !== value) await new Promise((resolve) => setImmediate(resolve));
}

/** Resolves when so many streams have ended at the service, sessions included. */
export async function streamsEnded(log: ServiceUnderTest["log"], count: number): Promise<void> {
  await log.until(({ event }) => event === "stream-ended", count);
}

/** Begins a stream, and resolves when the service has answered that it is ready. What comes after is not read. */
export async function beginStream(client: RawClient): Promise<RawStream> {
  const stream = client.stream();
  const ready = new Promise((resolve) => stream.call.once("data", resolve));
  await stream.write(encode(V004.StreamRequestSchema, INIT));
  await ready;
  stream.call.resume();
  return stream;
}
