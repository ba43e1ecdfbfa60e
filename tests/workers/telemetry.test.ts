import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { context, diag, metrics, SpanStatusCode, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { RuntimeData } from "../../mod.ts";
import { findFiles, ROOT } from "../../scripts/lib/files.ts";
import { type OpenTelemetry, telemetryApi } from "../../workers/telemetry/api.ts";
import { chain, collect, withRuntime } from "../_support/runtime.ts";

const text = RuntimeData.text("x");
const importsOfTheApi = /^import (type )?.*from "@opentelemetry\/|\bimport\("@opentelemetry\//gm;

describe("without an SDK", () => {
  it("imports nothing of OpenTelemetry, and gives nodes no trace context", () =>
    withRuntime(async (runtime) => {
      assert.ok(!(Symbol.for("opentelemetry.js.api.1") in globalThis));
      let loads = 0;
      const load = () => (loads++, Promise.reject<OpenTelemetry>(new Error("not asked for")));
      assert.equal(telemetryApi(load), undefined);
      assert.equal(loads, 0);
      const { outputs } = await runtime.execute(chain("probe.traceparent"), { n0: text });
      assert.deepEqual(outputs["n0"], [RuntimeData.json(null)]);
    }));

  it("has one place from which the package is imported, and that only when it is called", async () => {
    const files = await findFiles("", (path) => /^(core|workers|plugins|testing|cli)\/.*\.ts$|^mod\.ts$/.test(path));
    const found = await Promise.all(files.map(async (file) => {
      const imports = (await readFile(join(ROOT, file), "utf8")).match(importsOfTheApi) ?? [];
      return imports.filter((line) => !line.startsWith("import type ")).map((line) => `${file}: ${line}`);
    }));
    assert.deepEqual([...new Set(found.flat())], ['workers/telemetry/api.ts: import("@opentelemetry/']);
  });
});

describe("with an SDK", () => {
  const spans = new InMemorySpanExporter();
  const tracing = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
  const measured = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter: measured, exportIntervalMillis: 1_000_000 });
  const metering = new MeterProvider({ readers: [reader] });

  before(() => {
    trace.setGlobalTracerProvider(tracing);
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  });
  beforeEach(() => spans.reset());
  after(async () => {
    trace.disable();
    context.disable();
    metrics.disable();
    diag.disable();
    await tracing.shutdown();
    await metering.shutdown();
  });

  const named = (name: string): ReadableSpan[] => spans.getFinishedSpans().filter((span) => span.name === name);

  /** The points of an instrument by the attribute given, as they stand. */
  async function points(instrument: string, attribute?: string): Promise<Record<string, unknown>> {
    measured.reset();
    await metering.forceFlush();
    const found = measured.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics)
      .flatMap((scope) => scope.metrics).filter(({ descriptor }) => descriptor.name === instrument);
    return Object.fromEntries(
      found.flatMap(({ dataPoints }) =>
        dataPoints.map(({ attributes, value }) => [attributes[attribute ?? ""] ?? "", value])
      ),
    );
  }

  it("makes a span of each session, a child of the active one, with a child for each node; it ends before the loop", () =>
    withRuntime(async (runtime) => {
      const parent = trace.getTracer("application").startSpan("request");
      await context.with(trace.setSpan(context.active(), parent), async () => {
        const session = await runtime.open(chain("util.passthrough", "probe.echo"));
        await session.send(text);
        await session.send(text);
        assert.deepEqual(named("streamrack.session"), []);
        await session.finish();
        await collect(session);
      });
      const [session, ...others] = named("streamrack.session");
      assert.deepEqual(others, []);
      assert.equal(session?.parentSpanContext?.spanId, parent.spanContext().spanId);
      assert.equal(session?.spanContext().traceId, parent.spanContext().traceId);
      assert.equal(session?.attributes["streamrack.session.state"], "done");
      assert.deepEqual(session?.attributes["streamrack.session.nodes"], ["n0", "n1"]);
      assert.equal(session?.status.code, SpanStatusCode.UNSET);
      const nodes = named("streamrack.node");
      assert.deepEqual(nodes.map(({ attributes }) => attributes["streamrack.node.id"]), ["n0", "n1"]);
      for (const node of nodes) {
        assert.equal(node.parentSpanContext?.spanId, session?.spanContext().spanId);
        assert.equal(node.attributes["streamrack.node.items_in"], 2);
        assert.equal(node.attributes["streamrack.node.items_out"], 2);
      }
    }));

  it("carries the trace context to the nodes, across threads", () =>
    withRuntime(async (runtime) => {
      const { outputs } = await runtime.execute(chain("probe.traceparent", "util.passthrough"), { n0: text });
      const [session] = named("streamrack.session");
      const { traceId, spanId } = session!.spanContext();
      assert.deepEqual(outputs["n1"], [RuntimeData.json(`00-${traceId}-${spanId}-01`)]);
    }));

  it("records what a session failed with, on the node as well; a cancel is no error", () =>
    withRuntime(async (runtime) => {
      await assert.rejects(runtime.execute(chain("util.passthrough", "fault.throw"), { n0: text }));
      const [failed] = named("streamrack.session");
      assert.equal(failed?.status.code, SpanStatusCode.ERROR);
      assert.equal(failed?.attributes["error.type"], "node-failed");
      assert.equal(failed?.attributes["streamrack.session.state"], "failed");
      assert.match(String(failed?.events[0]?.attributes?.["exception.message"]), /this node throws/);
      const [passed, thrower] = named("streamrack.node");
      assert.equal(passed?.status.code, SpanStatusCode.UNSET);
      assert.equal(thrower?.status.code, SpanStatusCode.ERROR);

      spans.reset();
      await assert.rejects(runtime.execute(chain("fault.exit"), { n0: text }));
      assert.equal(named("streamrack.session")[0]?.attributes["error.type"], "worker-crashed");

      spans.reset();
      const session = await runtime.open(chain("util.passthrough"));
      await session.cancel();
      const [cancelled] = named("streamrack.session");
      assert.equal(cancelled?.status.code, SpanStatusCode.UNSET);
      assert.equal(cancelled?.attributes["streamrack.session.state"], "cancelled");

      spans.reset();
      await assert.rejects(runtime.open(chain("fault.throw-create")));
      const [unopened, ...others] = named("streamrack.session");
      assert.deepEqual(others, []);
      assert.equal(unopened?.attributes["error.type"], "node-create-failed");
    }));

  it("gives metrics to a provider that comes later: values as they flow, times at the end, and none counted twice", () =>
    withRuntime(async (runtime) => {
      metrics.setGlobalMeterProvider(metering);
      const session = await runtime.open(chain("util.passthrough", "probe.echo"));
      const outputs = session[Symbol.asyncIterator]();
      for (let i = 0; i < 3; i++) {
        await session.send(text);
        await outputs.next();
      }
      assert.deepEqual(await points("streamrack.sessions"), { "": 1 });
      assert.deepEqual(await points("streamrack.bytes_in_flight"), { "": 0 });
      assert.deepEqual(await points("streamrack.values", "streamrack.plugin"), { util: 3, probe: 3 });
      assert.deepEqual(await points("streamrack.session.duration"), {});
      await session.finish();
      await outputs.next();
      assert.deepEqual(await points("streamrack.sessions"), { "": 0 });
      assert.deepEqual(await points("streamrack.values", "streamrack.plugin"), { util: 3, probe: 3 });
      const bytes = 3 * RuntimeData.byteLength(text);
      assert.deepEqual(await points("streamrack.bytes", "streamrack.plugin"), { util: bytes, probe: bytes });
      const duration = (await points("streamrack.session.duration", "streamrack.session.state"))["done"];
      assert.equal((duration as { count: number }).count, 1);
      const busy = await points("streamrack.node.process_time", "streamrack.node.type");
      assert.deepEqual(Object.keys(busy).sort(), ["probe.echo", "util.passthrough"]);
      for (const seconds of Object.values(busy)) assert.ok(typeof seconds === "number" && seconds >= 0);
    }));

  it("fails no session for an SDK that throws", async () => {
    trace.disable();
    const broken = new Proxy({}, {
      get() {
        throw new Error("the SDK is broken");
      },
    });
    trace.setGlobalTracerProvider(broken as never);
    await withRuntime(async (runtime) => {
      const { outputs } = await runtime.execute(chain("probe.echo"), { n0: text });
      assert.equal(outputs["n0"]?.length, 1);
    });
  });
});
