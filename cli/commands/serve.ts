/**
 * `streamrack serve`: the runtime as a gRPC service.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import process from "node:process";
import { type Command, Option } from "commander";
import { StreamrackError } from "../../core/plugin.ts";
import type { ServiceLimits, ServiceLogEntry, ServiceOptions } from "../../remote/mod.ts";
import { say } from "../exit.ts";
import { interruptible } from "../interrupt.ts";
import { addRuntimeFlags, type RuntimeFlags, wholeNumber, withRuntime } from "./common.ts";

const MIB = 1024 ** 2;
const TOKENS_ENV = "STREAMRACK_TOKENS";

interface ServeFlags extends RuntimeFlags {
  readonly listen: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsClientCa?: string;
  readonly tokenFile?: string;
  readonly allowAnonymous?: boolean;
  readonly metricsListen?: string;
  readonly maxMessageMb?: number;
  readonly maxMbInFlight?: number;
  readonly maxSessions?: number;
  readonly maxConnections?: number;
  readonly maxConnectionsPerPeer?: number;
  readonly maxCallsPerPeer?: number;
  readonly sessionIdleMs?: number;
  readonly connectionIdleMs?: number;
  readonly maxExecutionMs?: number;
  readonly warmSessions?: number;
  readonly drainTimeoutMs: number;
  readonly log: "text" | "json";
}

/** Adds `serve` to the program. */
export function addServeCommand(program: Command): void {
  const count = wholeNumber(1, 1_000_000);
  const mebibytes = wholeNumber(1, 2047);
  const duration = wholeNumber(1, 2 ** 31 - 1);
  const command = program.command("serve")
    .summary("run pipelines for other programs over gRPC")
    .description("Offers pipelines over gRPC (RemoteMedia v1), until it is interrupted.")
    .option("-l, --listen <host:port>", "where to listen; port 0: one that is free", "127.0.0.1:50051")
    .option("--tls-cert <path>", "certificate of the service, PEM; with --tls-key it encrypts")
    .option("--tls-key <path>", "key of that certificate, PEM")
    .option("--tls-client-ca <path>", "roots that certificates of clients must lead to, PEM (mutual TLS)")
    .option("--token-file <path>", `bearer tokens, one a line; or ${TOKENS_ENV} with commas between them`)
    .option("--allow-anonymous", "let everybody call who can reach the address")
    .option("--metrics-listen <host:port>", "where to give /metrics (Prometheus) and /healthz; default: nowhere")
    .option("--max-message-mb <MiB>", "longest message; default: 10", mebibytes)
    .option("--max-mb-in-flight <MiB>", "most bytes of requests in work; default: 512", wholeNumber(1, 1_000_000))
    .option("--max-sessions <count>", "most pipelines at a time; default: 256", count)
    .option("--max-connections <count>", "most connections; default: 1024", count)
    .option("--max-connections-per-peer <count>", "most connections from one address; default: 256", count)
    .option("--max-calls-per-peer <count>", "most new calls a second from one address; default: 1000", count)
    .option("--session-idle-ms <ms>", "end a stream in which nothing moves for so long; default: 300000", duration)
    .option("--connection-idle-ms <ms>", "end a connection without calls after so long; default: 300000", duration)
    .option("--max-execution-ms <ms>", "longest one-shot run; default: 60000", duration)
    .option("--warm-sessions <count>", "sessions kept ready for one-shot runs; default: 4", wholeNumber(0, 1000))
    .option(
      "--drain-timeout-ms <ms>",
      "how long calls may end by themselves at the end",
      wholeNumber(0, 2 ** 31 - 1),
      10_000,
    )
    .addOption(new Option("--log <form>", "form of the log on stderr").choices(["text", "json"]).default("text"));
  addRuntimeFlags(command)
    .addHelpText("after", HELP)
    .action((flags: ServeFlags) => serve(flags));
}

const HELP = `
Without tokens and without --tls-client-ca it listens on loopback only, unless
--allow-anonymous is given. SIGTERM and Ctrl-C drain it: it takes no more
calls, those that run may end, and it exits with 0; a second signal ends it at
once.

A plugin that was installed, or that says what it needs, reaches nothing but
what --grant or --plugin-file gives it. Callers choose what its nodes do: grant
what you would let each of them do.

Examples:
  $ streamrack serve
  $ streamrack serve -l 0.0.0.0:50051 --tls-cert cert.pem --tls-key key.pem --token-file tokens.txt
  $ streamrack serve --metrics-listen 127.0.0.1:9464 --log json --plugin ./my_plugin.ts
  $ streamrack serve -p their-plugin --grant their-plugin=read:./models,net:api.example.com
  $ streamrack serve --plugin-file plugins.yaml`;

async function serve(flags: ServeFlags): Promise<void> {
  const options = await toOptions(flags);
  await withRuntime(flags, async (runtime) => {
    const { createService } = await import("../../remote/mod.ts");
    let service: Awaited<ReturnType<typeof createService>> | undefined;
    try {
      await interruptible(async (signal) => {
        service = await createService(runtime, options);
        const { host, port } = service.address;
        if (flags.log === "text") {
          say(`listening on ${host}:${port}${options.tls === undefined ? "" : " (TLS)"}; Ctrl-C ends it`);
        }
        await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
        // Inside, so that a second signal is heard while it drains.
        await service.close({ drainTimeoutMs: flags.drainTimeoutMs });
      });
    } finally {
      await service?.close();
    }
  });
}

async function toOptions(flags: ServeFlags): Promise<ServiceOptions> {
  const limits: { -readonly [K in keyof ServiceLimits]?: ServiceLimits[K] | undefined } = {
    maxMessageBytes: times(flags.maxMessageMb, MIB),
    maxBytesInFlight: times(flags.maxMbInFlight, MIB),
    maxSessions: flags.maxSessions,
    maxConnections: flags.maxConnections,
    maxConnectionsPerPeer: flags.maxConnectionsPerPeer,
    maxCallsPerPeerPerS: flags.maxCallsPerPeer,
    sessionIdleTimeoutMs: flags.sessionIdleMs,
    connectionIdleTimeoutMs: flags.connectionIdleMs,
    maxExecutionMs: flags.maxExecutionMs,
  };
  return {
    listen: flags.listen,
    tls: await readTls(flags),
    tokens: await readTokens(flags),
    allowAnonymous: flags.allowAnonymous,
    metricsListen: flags.metricsListen,
    limits: limits as Partial<ServiceLimits>,
    warmSessions: flags.warmSessions,
    onLog: flags.log === "json" ? logJson : (entry) => logText(entry, flags.debug === true),
  };
}

function times(value: number | undefined, factor: number): number | undefined {
  return value === undefined ? undefined : value * factor;
}

async function readTls({ tlsCert, tlsKey, tlsClientCa }: ServeFlags): Promise<ServiceOptions["tls"]> {
  if (tlsCert === undefined && tlsKey === undefined && tlsClientCa === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new StreamrackError("invalid-options", "TLS needs both a certificate and its key", {
      remedy: "Give --tls-cert and --tls-key.",
    });
  }
  const clientCa = tlsClientCa === undefined ? undefined : await readText(tlsClientCa);
  return { cert: await readText(tlsCert), key: await readText(tlsKey), clientCa };
}

async function readTokens({ tokenFile }: ServeFlags): Promise<readonly string[]> {
  const ofFile = tokenFile === undefined ? [] : (await readText(tokenFile)).split(/\r?\n/);
  const ofEnv = (process.env[TOKENS_ENV] ?? "").split(",");
  const tokens = [...ofFile, ...ofEnv].map((token) => token.trim()).filter((token) => token !== "");
  if (tokenFile !== undefined && tokens.length === 0) {
    // An empty file must not open the door to everybody.
    throw new StreamrackError("invalid-options", `${tokenFile} holds no token`, { remedy: "Put one on each line." });
  }
  return tokens;
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new StreamrackError("file-not-found", `cannot read ${path}`, { cause });
  }
}

function logJson(entry: ServiceLogEntry): void {
  say(JSON.stringify({ time: new Date().toISOString(), ...entry }));
}

function logText({ level, event, ...fields }: ServiceLogEntry, isDebug: boolean): void {
  // One line for each call is for machines; people want to see what went wrong.
  if (!isDebug && level !== "warn" && level !== "error") return;
  const shown = Object.entries(fields).filter(([, value]) => value !== undefined);
  say([`[${level}] ${event}`, ...shown.map(([name, value]) => `${name}=${JSON.stringify(value)}`)].join(" "));
}
