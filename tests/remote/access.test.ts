/** Who gets in, what the service tells of itself, and how it stops. */

import { fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { connect as connectTls } from "node:tls";
import { createRuntime, RuntimeData, StreamrackError } from "../../mod.ts";
import { createService, ErrorType, RemotePipelineClient, RemotePipelineError } from "../../remote/mod.ts";
import {
  HealthCheckRequestSchema,
  HealthCheckResponseSchema,
  HealthListRequestSchema,
  HealthListResponseSchema,
} from "../../remote/gen/grpc/grpc/health/v1/health_pb.ts";
import {
  ServerReflectionRequestSchema,
  ServerReflectionResponseSchema,
} from "../../remote/gen/grpc/grpc/reflection/v1/reflection_pb.ts";
import { createTokenCheck } from "../../remote/service/auth.ts";
import { RateLimiter } from "../../remote/service/rate_limiter.ts";
import { rejectionOf } from "../_support/errors.ts";
import { CLIENT_CERT, CLIENT_KEY, ROOT_CERT, SERVICE_CERT, SERVICE_KEY } from "./_certificates.ts";
import { encode, METHODS, RawClient, statusOf, V004, withService } from "./_service_kit.ts";

const STATUS = { notFound: 5, unauthenticated: 16, unavailable: 14 } as const;
const TOKEN = "correct-horse-battery-staple";
const PASS = { version: "v1", nodes: [{ id: "pass", node_type: "PassThrough" }] } as const;
const HEALTH = "/grpc.health.v1.Health/";

/** Runs one thing through a client and disconnects it. */
async function withClient<T>(
  client: RemotePipelineClient,
  use: (client: RemotePipelineClient) => Promise<T>,
): Promise<T> {
  try {
    return await use(client);
  } finally {
    await client.disconnect();
  }
}

describe("tokens", () => {
  it("a token that is known opens every method; none, another and a malformed one open only health", () =>
    withService(async ({ address }) => {
      const wrong = [{}, { authorization: "Bearer another-token-of-some-length" }, { authorization: TOKEN }, {
        authorization: `Basic ${TOKEN}`,
      }];
      for (const headers of wrong) {
        using client = new RawClient(address, { headers: headers as Record<string, string> });
        for (const method of [METHODS.version, METHODS.execute]) {
          assert.equal((await statusOf(client.unary(method, new Uint8Array()))).code, STATUS.unauthenticated);
        }
        for (const method of [METHODS.stream, "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"]) {
          const stream = client.stream(method);
          await stream.finish();
          assert.equal((await stream.ended).code, STATUS.unauthenticated);
        }
        await client.unary(`${HEALTH}Check`, new Uint8Array());
      }
      await withClient(new RemotePipelineClient(address, { token: TOKEN }), async (client) => {
        assert.equal((await client.connect()).protocolVersion, "v1");
      });
      const error = await withClient(new RemotePipelineClient(address), (client) => rejectionOf(client.connect()));
      assert.ok(error instanceof RemotePipelineError);
      assert.deepEqual([error.code, error.reason, error.errorType], [
        "unauthenticated",
        "unauthenticated",
        ErrorType.authentication,
      ]);
    }, { tokens: ["first-token-of-the-service", TOKEN] }));

  it("the check compares every token, and none lets everybody in", () => {
    const check = createTokenCheck(["aaaaaaaaaaaaaaaa", TOKEN]);
    assert.ok(check(`Bearer ${TOKEN}`) && check(`bearer ${TOKEN}`));
    for (
      const header of [undefined, "", "Bearer", "Bearer ", `Bearer  ${TOKEN}`, `Bearer ${TOKEN}x`, `Bearer ${TOKEN} `]
    ) {
      assert.equal(check(header), false, String(header));
    }
    assert.ok(createTokenCheck([])(undefined));
  });

  it("without tokens it listens on loopback only, unless told that anybody may come", async () => {
    const runtime = await createRuntime();
    try {
      for (const listen of ["0.0.0.0:0", "[::]:0", "example.org:0", "128.0.0.1:0"]) {
        const error = await rejectionOf(createService(runtime, { listen }));
        assert.equal(error.reason, "invalid-options");
        assert.match(error.message, /anybody could run pipelines/);
      }
      const service = await createService(runtime, { listen: "0.0.0.0:0", allowAnonymous: true });
      await service.close();
    } finally {
      await runtime.close();
    }
  });

  it("options that are not right are all named, and nothing listens", async () => {
    const runtime = await createRuntime();
    const limits = { maxSessions: 0, maxMessageBytes: 1.5, maxFoo: 1 } as never;
    const error = await rejectionOf(
      createService(runtime, { listen: "nowhere", tokens: ["short"], warmSessions: -1, limits, metricsListen: "x" }),
    );
    const paths = error.problems.map(({ path }) => path).sort();
    assert.deepEqual(paths, [
      "options.limits.maxFoo",
      "options.limits.maxMessageBytes",
      "options.limits.maxSessions",
      "options.listen",
      "options.metricsListen",
      "options.tokens[0]",
      "options.warmSessions",
    ]);
    await runtime.close();
  });

  it("a port that is taken is an error that names it", () =>
    withService(async ({ address, runtime }) => {
      const error = await rejectionOf(createService(runtime, { listen: address }));
      assert.equal(error.reason, "connection-failed");
      assert.ok(error.message.includes(address), error.message);
    }));
});

describe("TLS", () => {
  const tls = { key: SERVICE_KEY, cert: SERVICE_CERT };

  it("encrypts; a client that does not trust the certificate, or does not encrypt, is not served", () =>
    withService(async ({ service, address, log }) => {
      const named = `localhost:${service.address.port}`;
      await withClient(new RemotePipelineClient(named, { tls: { ca: ROOT_CERT } }), async (client) => {
        const { outputs } = await client.executePipeline(PASS, { pass: RuntimeData.text("secret") });
        assert.equal(RuntimeData.asText(outputs["pass"] as RuntimeData), "secret");
      });
      for (const options of [{ tls: true }, {}]) {
        const client = new RemotePipelineClient(address, { ...options, maxAttempts: 1 });
        const error = await withClient(client, (client) => rejectionOf(client.connect({ timeoutMs: 5_000 })));
        assert.ok(["connection-failed", "deadline-exceeded"].includes(error.reason), error.message);
      }
      const [failed] = log.entries.filter(({ because }) => because === "tls-failed");
      assert.match(`${failed?.peer}`, /^(::ffff:)?127\.0\.0\.1:\d+$|^::1:\d+$/);
      assert.ok(failed?.detail !== undefined);
    }, { tls }));

  it("with roots for clients, only a client with a certificate that leads to them gets in", () =>
    withService(async ({ service }) => {
      const named = `localhost:${service.address.port}`;
      const own = { ca: ROOT_CERT, cert: CLIENT_CERT, key: CLIENT_KEY };
      await withClient(new RemotePipelineClient(named, { tls: own }), (client) => client.connect());
      const without = new RemotePipelineClient(named, { tls: { ca: ROOT_CERT }, maxAttempts: 1 });
      const error = await withClient(without, (client) => rejectionOf(client.connect({ timeoutMs: 5_000 })));
      assert.ok(["connection-failed", "deadline-exceeded"].includes(error.reason), error.message);
    }, { tls: { ...tls, clientCa: ROOT_CERT } }));

  it("a handshake that stops half-way is closed in time", () =>
    withService(async ({ service }) => {
      const socket = connectTls({
        port: service.address.port,
        host: "127.0.0.1",
        ca: ROOT_CERT,
        ALPNProtocols: ["h2"],
        servername: "localhost",
      });
      socket.on("error", () => {});
      socket.resume();
      // The TLS handshake is done; of HTTP/2 nothing comes.
      await new Promise((resolve) => socket.once("close", resolve));
      await withClient(
        new RemotePipelineClient(`localhost:${service.address.port}`, { tls: { ca: ROOT_CERT } }),
        (client) => client.connect(),
      );
    }, { tls, limits: { handshakeTimeoutMs: 500 } }));
});

describe("what the service tells of itself", () => {
  it("health: one by one, all together, and as it changes", () =>
    withService(async ({ address, service }) => {
      using client = new RawClient(address);
      const check = [HealthCheckRequestSchema, HealthCheckResponseSchema] as const;
      for (const name of ["", "remotemedia.v1.PipelineExecutionService", "remotemedia.v1.StreamingPipelineService"]) {
        assert.equal((await client.call(`${HEALTH}Check`, check, { service: name })).status, 1);
      }
      const unknown = statusOf(client.unary(`${HEALTH}Check`, encode(HealthCheckRequestSchema, { service: "x" })));
      assert.equal((await unknown).code, STATUS.notFound);
      const { statuses } = await client.call(`${HEALTH}List`, [HealthListRequestSchema, HealthListResponseSchema], {});
      assert.equal(Object.keys(statuses).length, 3);
      const watch = client.stream(`${HEALTH}Watch`);
      const seen: number[] = [];
      const first = new Promise<void>((resolve) => {
        watch.call.on("data", (bytes: Uint8Array) => {
          seen.push(fromBinary(HealthCheckResponseSchema, bytes).status);
          resolve();
        });
      });
      await watch.write(encode(HealthCheckRequestSchema, { service: "" }));
      watch.call.end();
      await first;
      const closing = service.close({ drainTimeoutMs: 60_000 });
      await watch.ended;
      await closing;
      assert.deepEqual(seen, [1, 2]);
    }));

  it("reflection, both forms: services, files by name and by symbol, and what is not there", () =>
    withService(async ({ address }) => {
      using client = new RawClient(address);
      for (const form of ["v1", "v1alpha"]) {
        const stream = client.stream(`/grpc.reflection.${form}.ServerReflection/ServerReflectionInfo`);
        const questions = [
          { listServices: "" },
          { fileContainingSymbol: "remotemedia.v1.StreamingPipelineService" },
          { fileContainingSymbol: "remotemedia.v1.PipelineExecutionService.GetVersion" },
          { fileContainingSymbol: "remotemedia.v1.DataBuffer.audio" },
          { fileByFilename: "remotemedia/v1/common.proto" },
          { fileContainingSymbol: "no.such.Thing" },
          { fileContainingSymbol: "__proto__" },
          { fileByFilename: "constructor" },
          { allExtensionNumbersOfType: "remotemedia.v1.DataBuffer" },
          { fileContainingExtension: { containingType: "x", extensionNumber: 1 } },
        ].map((question) => Object.entries(question)[0] as [string, unknown]);
        for (const [name, value] of questions) {
          await stream.write(
            encode(ServerReflectionRequestSchema, { host: "h", messageRequest: { case: name, value } }),
          );
        }
        const answers = (await stream.finish()).map((bytes) =>
          fromBinary(ServerReflectionResponseSchema, bytes).messageResponse
        );
        assert.deepEqual(answers.map((answer) => answer.case), [
          "listServicesResponse",
          ...Array(4).fill("fileDescriptorResponse"),
          ...Array(3).fill("errorResponse"),
          "allExtensionNumbersResponse",
          "errorResponse",
        ]);
        const [services, streaming] = answers;
        assert.ok(services?.case === "listServicesResponse");
        const names = services.value.service.map(({ name }) => name);
        for (
          const name of [
            "remotemedia.v1.PipelineExecutionService",
            "remotemedia.v1.StreamingPipelineService",
            "grpc.health.v1.Health",
          ]
        ) {
          assert.ok(names.includes(name), names.join());
        }
        assert.ok(streaming?.case === "fileDescriptorResponse");
        const files = streaming.value.fileDescriptorProto.map((bytes) =>
          fromBinary(FileDescriptorProtoSchema, bytes).name
        );
        assert.deepEqual(files.sort(), [
          "remotemedia/v1/common.proto",
          "remotemedia/v1/execution.proto",
          "remotemedia/v1/streaming.proto",
        ]);
      }
      // Bytes that are no question.
      const stream = client.stream("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo");
      await stream.write(Uint8Array.of(0xff));
      await stream.finish();
      assert.equal((await stream.ended).code, 3);
    }));

  it("metrics over HTTP, and whether it serves", () =>
    withService(async ({ address, service }) => {
      await withClient(new RemotePipelineClient(address), (client) =>
        client.executePipeline(PASS, { pass: RuntimeData.text("x") }));
      const { host, port } = service.metricsAddress as NonNullable<typeof service.metricsAddress>;
      const get = async (path: string, init?: RequestInit) => {
        const response = await fetch(`http://${host}:${port}${path}`, init);
        return { status: response.status, text: await response.text(), type: response.headers.get("content-type") };
      };
      const metrics = await get("/metrics");
      assert.equal(metrics.status, 200);
      assert.match(metrics.type ?? "", /^text\/plain; version=/);
      assert.match(
        metrics.text,
        /remotemedia_grpc_requests_total\{method="\/remotemedia\.v1\.PipelineExecutionService\/ExecutePipeline",status="OK"\} 1/,
      );
      assert.equal((await get("/healthz")).status, 200);
      assert.equal((await get("/other")).status, 404);
      assert.equal((await get("/metrics", { method: "POST" })).status, 405);
    }, { metricsListen: "127.0.0.1:0" }));

  it("no label of a metric takes what a client chooses", () =>
    withService(async ({ address, service }) => {
      using client = new RawClient(address);
      for (let i = 0; i < 20; i++) {
        await statusOf(client.unary(`/remotemedia.v1.PipelineExecutionService/No${i}`, new Uint8Array()));
      }
      const manifest = { version: "v1", nodes: [{ id: "n", nodeType: "chosen-by-a-client" }] };
      await client.unary(METHODS.execute, encode(V004.ExecuteRequestSchema, { manifest, clientVersion: "v1" }));
      const { text } = await service.renderMetrics();
      assert.doesNotMatch(text, /chosen-by-a-client|No1/);
    }));
});

describe("stopping", () => {
  it("lets streams end by themselves, and takes no more calls", () =>
    withService(async ({ address, service }) => {
      const client = new RemotePipelineClient(address);
      let release = () => {};
      const held = new Promise<void>((resolve) => release = resolve);
      async function* chunks() {
        yield RuntimeData.text("before");
        await held;
        yield RuntimeData.text("after");
      }
      const results: string[] = [];
      let started = () => {};
      const begun = new Promise<void>((resolve) => started = resolve);
      const running = (async () => {
        for await (const { outputs } of client.streamPipeline(PASS, chunks())) {
          results.push(RuntimeData.asText(outputs["pass"] as RuntimeData));
          if (results.length === 1) started();
        }
      })();
      await begun;
      const closing = service.close({ drainTimeoutMs: 60_000 });
      assert.equal(service.isServing, false);
      const late = new RemotePipelineClient(address, { maxAttempts: 1 });
      const error = await withClient(late, (client) => rejectionOf(client.connect()));
      assert.equal(error.code, "unavailable");
      release();
      await running;
      assert.deepEqual(results, ["before", "after"]);
      await client.disconnect();
      await closing;
    }));

  it("does not wait for clients that have no call", () =>
    withService(async ({ address, service }) => {
      const idle = new RemotePipelineClient(address, { maxAttempts: 1 });
      await idle.getVersion();
      await service.close({ drainTimeoutMs: 3_600_000 });
      assert.equal((await rejectionOf(idle.getVersion())).code, "unavailable");
      await idle.disconnect();
    }));

  it("cuts off what does not end in time, and leaves no session", () =>
    withService(async ({ address, service, runtime }) => {
      const client = new RemotePipelineClient(address, { maxAttempts: 1 });
      let started = () => {};
      const begun = new Promise<void>((resolve) => started = resolve);
      async function* forever() {
        yield RuntimeData.text("x");
        await new Promise(() => {});
      }
      const running = rejectionOf((async () => {
        for await (const _ of client.streamPipeline(PASS, forever())) started();
      })());
      await begun;
      await service.close({ drainTimeoutMs: 100 });
      assert.ok(StreamrackError.is(await running));
      await client.disconnect();
      await runtime.close({ drainTimeoutMs: 60_000 });
    }));
});

describe("the rate of calls", () => {
  it("as many as allowed at once, then one by one as time goes, each address by itself", () => {
    const limiter = new RateLimiter(10);
    const take = (address: string, nowMs: number) => limiter.take(address, nowMs);
    for (let i = 0; i < 10; i++) assert.equal(take("a", 0), 0);
    assert.equal(take("a", 0), 100);
    assert.equal(take("b", 0), 0);
    assert.equal(take("a", 100), 0);
    assert.ok(take("a", 100) > 0);
    assert.equal(take("a", 5_000), 0);
  });
});
