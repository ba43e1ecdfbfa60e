/** `streamrack serve` as operators have it: signals, and what it writes. */

import assert from "node:assert/strict";
import process from "node:process";
import { describe, it } from "node:test";
import { type Manifest, RuntimeData, StreamrackError } from "../../mod.ts";
import { RemotePipelineClient } from "../../remote/mod.ts";
import { rejectionOf } from "../_support/errors.ts";
import { type ServeProcess, startServe } from "./_serve_process.ts";

const SELF = process.versions["deno"] !== undefined ? "deno" : process.versions["bun"] !== undefined ? "bun" : "node";
const PASS: Manifest = { version: "v1", nodes: [{ id: "p", node_type: "PassThrough" }] };

/** Resolves when the process has written something. */
async function hasSaid({ child, said }: ServeProcess, event: string): Promise<void> {
  while (!said().includes(`"event":"${event}"`)) await new Promise((resolve) => child.stderr?.once("data", resolve));
}

/** A stream that has begun, and goes on when it is told to. */
async function openStream(client: RemotePipelineClient) {
  const [begun, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const texts: string[] = [];
  async function* chunks() {
    yield RuntimeData.text("before");
    await held.promise;
    yield RuntimeData.text("after");
  }
  const running = (async () => {
    for await (const { outputs } of client.streamPipeline(PASS, chunks())) {
      texts.push(RuntimeData.asText(outputs["p"] as RuntimeData));
      begun.resolve();
    }
    return texts;
  })();
  running.catch(() => {});
  await begun.promise;
  return { running, goOn: held.resolve };
}

describe("streamrack serve", () => {
  it("SIGTERM lets a stream end by itself, takes no more, and exits with 0; each line of the log is JSON", async () => {
    const serving = await startServe(SELF, ["--log", "json", "--drain-timeout-ms", "600000"]);
    const client = new RemotePipelineClient(serving.address);
    const { running, goOn } = await openStream(client);
    const stopped = serving.stop();
    await hasSaid(serving, "draining");
    const late = new RemotePipelineClient(serving.address, { maxAttempts: 1 });
    assert.equal((await rejectionOf(late.connect())).code, "unavailable");
    await late.disconnect();
    goOn();
    assert.deepEqual(await running, ["before", "after"]);
    await client.disconnect();
    assert.equal(await stopped, 0, serving.said());
    const entries = serving.said().trim().split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);
    for (const { time, level, event } of entries) {
      assert.ok(!Number.isNaN(Date.parse(String(time))) && typeof level === "string" && typeof event === "string");
    }
    const events = entries.map(({ event }) => event);
    for (const event of ["listening", "stream-opened", "draining", "stream-ended", "call-ended", "stopped"]) {
      assert.ok(events.includes(event), `${event} is missing in ${events}`);
    }
    const ids = entries.flatMap(({ event, sessionId }) => String(event).startsWith("stream-") ? [sessionId] : []);
    assert.deepEqual([ids.length, new Set(ids).size], [2, 1]);
  });

  it("a second signal ends it at once, whatever still runs", async () => {
    const serving = await startServe(SELF, ["--log", "json", "--drain-timeout-ms", "600000"]);
    const client = new RemotePipelineClient(serving.address, { maxAttempts: 1 });
    const { running } = await openStream(client);
    const failed = rejectionOf(running);
    const first = serving.stop();
    await hasSaid(serving, "draining");
    assert.equal(await serving.stop(), 143, serving.said());
    await first;
    assert.ok(StreamrackError.is(await failed));
    await client.disconnect();
  });
});
