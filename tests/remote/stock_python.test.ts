/**
 * Clients that others made: stock Python gRPC, with stubs from stock protoc.
 *
 * Needs `STREAMRACK_TEST_PYTHON`, the path of a Python with grpcio, and on
 * PATH `protoc` and `grpc_python_plugin`; for reflection also
 * `STREAMRACK_TEST_GRPC_PROTO`, the folder of the standard .proto files. On
 * Debian: python3-grpcio, protobuf-compiler, protobuf-compiler-grpc,
 * grpc-proto; `/usr/bin/python3` and `/usr/share/grpc-proto`.
 */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { findFiles, ROOT } from "../../scripts/lib/files.ts";
import { startServe } from "./_serve_process.ts";

const python = process.env["STREAMRACK_TEST_PYTHON"];
const standardProtos = process.env["STREAMRACK_TEST_GRPC_PROTO"];
const SELF = process.versions["deno"] !== undefined ? "deno" : process.versions["bun"] !== undefined ? "bun" : "node";
const CLIENT = fileURLToPath(new URL("stock_client.py", import.meta.url));
const run = promisify(execFile);

/** Generates stubs, runs the client with them against a service of this runtime, and gives what it tells. */
async function runClient(what: "first" | "second" | "reflection", protos: string): Promise<Record<string, unknown>> {
  const folder = await mkdtemp(join(tmpdir(), "streamrack-python-"));
  const serving = await startServe(SELF);
  try {
    const wanted = what === "reflection" ? /^grpc\/(health|reflection)\/.*\.proto$/ : /\.proto$/;
    const files = (await findFiles(".", () => true, protos)).map((file) => file.replace(/^\.\//, "")).filter((file) =>
      wanted.test(file)
    );
    await run("protoc", [
      "-I",
      protos,
      `--python_out=${folder}`,
      `--grpc_python_out=${folder}`,
      `--plugin=protoc-gen-grpc_python=${await which("grpc_python_plugin")}`,
      ...files,
    ]);
    const { stdout } = await run(python as string, [CLIENT, folder, what, serving.address], { timeout: 60_000 });
    return JSON.parse(stdout) as Record<string, unknown>;
  } finally {
    await serving.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function which(program: string): Promise<string> {
  return (await run("which", [program])).stdout.trim();
}

describe("stock Python clients", () => {
  const skip = python === undefined ? "set STREAMRACK_TEST_PYTHON to run it" : false;
  const calculated = { first: { result: 15 }, second: { result: 30, operation: "multiply", operands: [10, 3] } };

  for (const [what, folder] of [["first", "v003"], ["second", "v004"]] as const) {
    it(`of the ${what} generation: version, one shot, an error, a stream`, { skip }, async () => {
      const told = await runClient(what, join(ROOT, "remote/proto", folder));
      const counted = Array.from({ length: 12 }, (_, i) => i);
      assert.deepEqual(told, {
        protocol: "v1",
        compatible: true,
        hasNodes: true,
        status: 1,
        hasWallTime: true,
        calculated: calculated[what],
        errorType: 1,
        failingNode: "bad",
        kinds: ["ready", ...Array(10).fill("result"), "metrics", "result", "result", "closed"],
        sequences: counted,
        firstSamples: counted,
      });
    });
  }

  const skipReflection = standardProtos === undefined ? "set STREAMRACK_TEST_GRPC_PROTO to run it" : skip;
  it(
    "a client that knows nothing but reflection finds the services, and calls one",
    { skip: skipReflection },
    async () => {
      const told = await runClient("reflection", standardProtos as string);
      const services = [
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
        "remotemedia.v1.PipelineExecutionService",
        "remotemedia.v1.StreamingPipelineService",
      ];
      assert.deepEqual(told, {
        services: { v1: services, v1alpha: services },
        methods: ["ExecutePipeline", "GetVersion"],
        protocol: "v1",
        health: 1,
      });
    },
  );
});
