/**
 * The service: the door, the gate, the handlers, and how it starts and stops.
 *
 * @module
 */

import { Server, ServerCredentials } from "@grpc/grpc-js";
import { StreamrackError } from "../../core/plugin.ts";
import type { Runtime } from "../../mod.ts";
import { PipelineExecutionService } from "../gen/v004/remotemedia/v1/execution_pb.ts";
import { StreamingPipelineService } from "../gen/v004/remotemedia/v1/streaming_pb.ts";
import { type Acceptor, startAcceptor } from "../transport/acceptor.ts";
import { Admission } from "./admission.ts";
import type { ServiceContext } from "./context.ts";
import { createGate } from "./gate.ts";
import { createHandlers } from "./handlers.ts";
import { Health } from "./health.ts";
import { ServiceMetrics } from "./metrics.ts";
import { type MetricsServer, startMetricsServer } from "./metrics_server.ts";
import { checkServiceOptions, type ServiceOptions, type ServiceSettings } from "./options.ts";
import { rawService } from "./raw_service.ts";
import { reflect, REFLECTION_SERVICES } from "./reflection.ts";
import type { Service } from "./types.ts";
import { WarmSessions } from "./warm_sessions.ts";

/**
 * Starts a service; resolves when it listens.
 *
 * @throws {StreamrackError} `invalid-options`, or `connection-failed` if it cannot listen there.
 */
export async function startService(runtime: Runtime, options: ServiceOptions): Promise<Service> {
  const settings = checkServiceOptions(options);
  const service = new RunningService(runtime, settings);
  try {
    await service.listen();
  } catch (cause) {
    await service.close();
    const { host, port } = service.failedAddress;
    throw new StreamrackError("connection-failed", `cannot listen on ${host}:${port}`, {
      cause,
      retryable: false,
      remedy: "Look whether another program listens there, and whether the address is one of this machine.",
    });
  }
  return service;
}

class RunningService implements Service {
  readonly #settings: ServiceSettings;
  readonly #context: ServiceContext;
  readonly #server: Server;
  readonly #health = new Health();
  #acceptor: Acceptor | undefined;
  #metricsServer: MetricsServer | undefined;
  #closing: Promise<void> | undefined;

  constructor(runtime: Runtime, settings: ServiceSettings) {
    this.#settings = settings;
    const metrics = new ServiceMetrics(() => this.#acceptor?.connectionCount ?? 0);
    const gate = createGate(settings, metrics);
    const admission = new Admission(settings.limits);
    const warm = new WarmSessions(runtime, settings.warmSessions);
    this.#context = { runtime, settings, metrics, admission, warm, gate };
    this.#server = this.#createServer();
  }

  get address(): { readonly host: string; readonly port: number } {
    const { address, port } = (this.#acceptor as Acceptor).address;
    return { host: address, port };
  }

  /** Where it could not listen, when `listen` rejected. */
  get failedAddress(): { readonly host: string; readonly port: number } {
    return this.#acceptor === undefined ? this.#settings : this.#settings.metricsAddress ?? this.#settings;
  }

  get metricsAddress(): { readonly host: string; readonly port: number } | undefined {
    return this.#metricsServer?.address;
  }

  get isServing(): boolean {
    return this.#acceptor !== undefined && this.#closing === undefined;
  }

  async listen(): Promise<void> {
    const { host, port, tls, limits, onLog } = this.#settings;
    const injector = this.#server.createConnectionInjector(ServerCredentials.createInsecure());
    this.#acceptor = await startAcceptor({
      host,
      port,
      tls,
      maxConnections: limits.maxConnections,
      maxConnectionsPerPeer: limits.maxConnectionsPerPeer,
      handshakeTimeoutMs: limits.handshakeTimeoutMs,
      onConnection: (connection) => injector.injectConnection(connection),
      onRefused: (because, peer, detail) => {
        this.#context.metrics.refused.inc({ because });
        onLog({ level: "warn", event: "connection-refused", peer, because, detail });
      },
    });
    onLog({ level: "info", event: "listening", ...this.address, tls: tls !== undefined });
    const { metricsAddress } = this.#settings;
    if (metricsAddress === undefined) return;
    this.#metricsServer = await startMetricsServer(metricsAddress, this);
    onLog({ level: "info", event: "metrics-listening", ...this.#metricsServer.address });
  }

  async renderMetrics(): Promise<{ readonly contentType: string; readonly text: string }> {
    const { metrics } = this.#context;
    return { contentType: metrics.contentType, text: await metrics.render() };
  }

  close({ drainTimeoutMs = 0 }: { readonly drainTimeoutMs?: number } = {}): Promise<void> {
    return this.#closing ??= this.#close(drainTimeoutMs);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(drainTimeoutMs: number): Promise<void> {
    const { admission, warm } = this.#context;
    const { onLog } = this.#settings;
    onLog({ level: "info", event: "draining", sessions: admission.sessionCount, drainTimeoutMs });
    this.#health.stopServing();
    this.#acceptor?.stop();
    // Idle connections are told to go; those with calls are kept until their calls have ended.
    this.#server.tryShutdown(() => {});
    const untilMs = performance.now() + drainTimeoutMs;
    if (!await settles(admission.close(), drainTimeoutMs)) {
      onLog({ level: "warn", event: "drain-timeout", sessions: admission.sessionCount });
    } else if (drainTimeoutMs > 0 && this.#acceptor !== undefined) {
      // The last answers are on their way: each connection closes when its client has taken what there was.
      await settles(this.#acceptor.emptied(), untilMs - performance.now());
    }
    this.#server.forceShutdown();
    await this.#acceptor?.close();
    // The sessions of calls that were cut off are cancelled by that; here they have ended.
    await admission.close();
    await warm.close();
    await this.#metricsServer?.close();
    onLog({ level: "info", event: "stopped" });
  }

  #createServer(): Server {
    const { limits } = this.#settings;
    const server = new Server({
      interceptors: [this.#context.gate.interceptor],
      "grpc.max_receive_message_length": limits.maxMessageBytes,
      "grpc.max_send_message_length": limits.maxMessageBytes,
      "grpc.max_concurrent_streams": limits.maxCallsPerConnection,
      "grpc.max_connection_idle_ms": limits.connectionIdleTimeoutMs,
      "grpc.keepalive_time_ms": limits.keepaliveTimeMs,
      "grpc.keepalive_timeout_ms": limits.keepaliveTimeoutMs,
      "grpc.enable_channelz": 0,
    });
    const { execution, streaming } = createHandlers(this.#context);
    server.addService(rawService(PipelineExecutionService), { ...execution });
    server.addService(rawService(StreamingPipelineService), { ...streaming });
    server.addService(this.#health.definition, { ...this.#health.handlers });
    for (const definition of REFLECTION_SERVICES) {
      server.addService(definition, { ServerReflectionInfo: reflect });
    }
    return server;
  }
}

/** Whether a promise settles within a time. Leaves no timer behind. */
async function settles(promise: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), timeoutMs);
  });
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
