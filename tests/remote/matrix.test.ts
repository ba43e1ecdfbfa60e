/**
 * Every client with every service. The client runs on the runtime that runs
 * the test; the services are processes of all three.
 */

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { createRuntime, type Manifest, RuntimeData } from "../../mod.ts";
import { RemotePipelineClient } from "../../remote/mod.ts";
import { rejectionOf } from "../_support/errors.ts";
import { CLIENT_CERT, CLIENT_KEY, ROOT_CERT, SERVICE_CERT, SERVICE_KEY } from "./_certificates.ts";
import { type ServeProcess, startServe } from "./_serve_process.ts";
import { converse, RawClient, V003 } from "./_service_kit.ts";

const SELF = process.versions["deno"] !== undefined ? "deno" : process.versions["bun"] !== undefined ? "bun" : "node";
const TOKEN = "a-token-of-the-matrix-test";

/** A microphone that is never switched off. */
async function* endless() {
  for (;;) yield RuntimeData.audio({ samples: new Float32Array(160), sampleRate: 16_000 });
}

for (const runtime of ["deno", "bun", "node"] as const) {
  describe(`client on ${SELF}, service on ${runtime}`, () => {
    let folder: string;
    let serving: ServeProcess;
    let client: RemotePipelineClient;
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), "streamrack-matrix-"));
      await writeFile(join(folder, "tokens"), `${TOKEN}\n`);
      for (const [name, pem] of Object.entries({ ROOT_CERT, SERVICE_CERT, SERVICE_KEY })) {
        await writeFile(join(folder, name), pem);
      }
      serving = await startServe(runtime, ["--token-file", join(folder, "tokens")]);
      client = new RemotePipelineClient(serving.address, { token: TOKEN });
    });
    after(async () => {
      await client.disconnect();
      await serving.stop();
      await rm(folder, { recursive: true, force: true });
    });

    it("calculates in one shot", async () => {
      assert.equal((await client.connect()).protocolVersion, "v1");
      const manifest: Manifest = { version: "v1", nodes: [{ id: "calc", node_type: "CalculatorNode" }] };
      const operations = [["add", 13], ["subtract", 7], ["multiply", 30], ["divide", 10 / 3]] as const;
      for (const [operation, result] of operations) {
        const { outputs } = await client.executePipeline(manifest, {
          calc: RuntimeData.json({ operation, operands: [10, 3] }),
        });
        assert.deepEqual(RuntimeData.asJson(outputs["calc"] as RuntimeData), { operation, operands: [10, 3], result });
      }
      const error = await rejectionOf(
        client.executePipeline(manifest, { calc: RuntimeData.json({ operation: "divide", operands: [1, 0] }) }),
      );
      assert.equal(error.nodeId, "calc");
    });

    it("streams small and large chunks, several streams at a time", async () => {
      const manifest: Manifest = {
        version: "v1",
        nodes: [{ id: "down", node_type: "audio.gain", params: { gainDb: -20 } }, {
          id: "up",
          node_type: "audio.gain",
          params: { gainDb: 20 },
        }],
        connections: [{ from: "down", to: "up" }],
      };
      // Short ones that share a frame of HTTP/2, and long ones that take many and fill the windows of both sides.
      await Promise.all([[160, 40], [1600, 40], [200_000, 8]].map(async ([frames = 0, total = 0]) => {
        async function* chunks() {
          for (let i = 0; i < total; i++) {
            yield RuntimeData.audio({ samples: new Float32Array(frames).fill(i / 100), sampleRate: 16_000 });
          }
        }
        let count = 0;
        for await (const { sequence, outputs } of client.streamPipeline(manifest, chunks())) {
          const { samples } = RuntimeData.asAudio(outputs["up"] as RuntimeData);
          assert.equal(sequence, count);
          assert.equal(samples.length, frames);
          assert.ok(Math.abs((samples[frames - 1] as number) - count / 100) < 1e-6);
          count++;
        }
        assert.equal(count, total);
      }));
    });

    it("tells why a stream has failed, also to a client that is still sending", async () => {
      async function* chunks() {
        for (let i = 0; i < 100; i++) yield { data: RuntimeData.binary(new Uint8Array(2_000)), to: "nobody" };
      }
      const manifest: Manifest = { version: "v1", nodes: [{ id: "p", node_type: "PassThrough" }] };
      await Promise.all(Array.from({ length: 20 }, async () => {
        const error = await rejectionOf((async () => {
          for await (const _ of client.streamPipeline(manifest, chunks()));
        })());
        assert.equal(error.reason, "unknown-target", error.message);
      }));
    });

    it("speaks the first generation", async () => {
      using raw = new RawClient(serving.address, {
        headers: { authorization: `Bearer ${TOKEN}`, "x-client": "python" },
      });
      const manifest = { version: "v1", nodes: [{ id: "p", nodeType: "PassThrough" }] };
      const buffer = { samples: new Uint8Array(6400), sampleRate: 16_000, channels: 1, format: 1, numSamples: 1600n };
      const { answers, code } = await converse(raw, [V003.StreamRequestSchema, V003.StreamResponseSchema], [
        { request: { case: "init", value: { manifest, clientVersion: "v1", expectedChunkSize: 1600n } } },
        ...Array.from(
          { length: 5 },
          (_, i) => ({ request: { case: "audioChunk", value: { nodeId: "p", buffer, sequence: BigInt(i) } } }),
        ),
        { request: { case: "control", value: { command: 1 } } },
      ]);
      assert.deepEqual(answers.map(({ response }) => response.case), ["ready", ...Array(5).fill("result"), "closed"]);
      assert.equal(code, 0);
    });

    it("refuses a client without the token", async () => {
      const stranger = new RemotePipelineClient(serving.address);
      assert.equal((await rejectionOf(stranger.connect())).reason, "unauthenticated");
      await stranger.disconnect();
    });

    it("is a node of a pipeline here", async () => {
      const params = {
        address: serving.address,
        token: TOKEN,
        manifest: { version: "v1", nodes: [{ id: "e", node_type: "Echo" }] },
      };
      const here = await createRuntime();
      try {
        const manifest: Manifest = { version: "v1", nodes: [{ id: "far", node_type: "remote.pipeline", params }] };
        const { outputs } = await here.execute(manifest, { far: [RuntimeData.json(1), RuntimeData.json(2)] });
        assert.deepEqual(outputs["far"]?.map(RuntimeData.asJson), [
          { input: 1, counter: 1, node: "Echo" },
          { input: 2, counter: 2, node: "Echo" },
        ]);
      } finally {
        await here.close();
      }
    });

    it("survives clients that come and go, with calls under way or without", async () => {
      for (let i = 0; i < 8; i++) {
        const passing = new RemotePipelineClient(serving.address, { token: TOKEN });
        const manifest: Manifest = { version: "v1", nodes: [{ id: "p", node_type: "PassThrough" }] };
        if (i % 2 === 0) await passing.connect();
        else for await (const _ of passing.streamPipeline(manifest, endless())) break;
        await passing.disconnect();
      }
      assert.equal((await client.getVersion()).protocolVersion, "v1");
    });

    it("encrypts, both ways known by certificates, and ends with 0 when it is told to", async () => {
      const files = [
        "--tls-cert",
        join(folder, "SERVICE_CERT"),
        "--tls-key",
        join(folder, "SERVICE_KEY"),
        "--tls-client-ca",
        join(folder, "ROOT_CERT"),
      ];
      const secure = await startServe(runtime, files);
      const tls = { ca: ROOT_CERT, cert: CLIENT_CERT, key: CLIENT_KEY };
      const own = new RemotePipelineClient(secure.address.replace("127.0.0.1", "localhost"), { tls });
      const manifest: Manifest = { version: "v1", nodes: [{ id: "p", node_type: "PassThrough" }] };
      const { outputs } = await own.executePipeline(manifest, { p: RuntimeData.text("secret") });
      assert.equal(RuntimeData.asText(outputs["p"] as RuntimeData), "secret");
      let count = 0;
      const chunks = Array.from({ length: 20 }, () => RuntimeData.binary(new Uint8Array(50_000)));
      for await (const _ of own.streamPipeline(manifest, chunks)) count++;
      assert.equal(count, 20);
      assert.equal(await secure.stop(), 0, secure.said());
      const gone = await rejectionOf(own.getVersion({ timeoutMs: 5_000 }));
      assert.ok(["unavailable", "deadline-exceeded"].includes(gone.code), gone.message);
      await own.disconnect();
    });
  });
}
