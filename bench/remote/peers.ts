/**
 * What the benchmarks of the service have in common: the processes that they
 * call, and a client of the bare gRPC library.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { Client, type ClientDuplexStream, credentials } from "@grpc/grpc-js";

/** A process that is called. */
export interface Peer {
  /** Host and port. */
  readonly address: string;
  readonly pid: number;
  /** Ends it; resolves when it has ended. */
  stop(): Promise<unknown>;
}

/** Starts the bare echo, on the runtime that runs this. */
export function startEcho(): Promise<Peer> {
  return start("./echo_server.ts", []);
}

/** Starts a service, on the runtime that runs this. */
export function startService(args: readonly string[] = []): Promise<Peer> {
  return start("../../cli/main.ts", ["serve", "-l", "127.0.0.1:0", "--max-calls-per-peer", "1000000", ...args]);
}

/** Starts a process that says where it listens. */
async function start(file: string, args: readonly string[]): Promise<Peer> {
  const flags = process.versions["deno"] === undefined ? [] : ["run", "-A", "--no-check"];
  const path = fileURLToPath(new URL(file, import.meta.url));
  const child = spawn(process.execPath, [...flags, path, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const exited = new Promise((resolve) => child.once("close", resolve));
  const address = await new Promise<string>((resolve, reject) => {
    let said = "";
    const onText = (text: Buffer) => {
      said += text;
      const found = /listening on (\S+:\d+)/.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    };
    child.stdout.on("data", onText);
    child.stderr.on("data", onText);
    void exited.then((code) => reject(new Error(`${file} ended with ${code}: ${said}`)));
  });
  const pid = child.pid as number;
  const stop = () => {
    // Not child.kill(): on Deno the child then counts as killed by the signal, whatever code it exits with.
    process.kill(pid, "SIGTERM");
    return exited;
  };
  return { address, pid, stop };
}

/** Time that a process has used processors for, in milliseconds. `undefined` where the system does not tell (not Linux). */
export async function cpuMsOf({ pid }: Peer): Promise<number | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    // Behind the name, which may hold anything: fields 14 and 15 (proc(5)), in hundredths of a second.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return undefined;
  }
}

/** Memory of a process that lies in RAM, in MiB. `undefined` where the system does not tell (not Linux). */
export async function residentMibOf({ pid }: Peer): Promise<number | undefined> {
  try {
    const status = await readFile(`/proc/${pid}/status`, "utf8");
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
  } catch {
    return undefined;
  }
}

/** A client of the bare echo. */
export class EchoClient {
  readonly #client: Client;

  constructor(address: string) {
    this.#client = new Client(address, credentials.createInsecure());
  }

  unary(payload: Uint8Array): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest("/bench.Echo/Unary", toBuffer, same, payload, (error, answer) => {
        if (error === null) resolve(answer as Uint8Array);
        else reject(error);
      });
    });
  }

  stream(): ClientDuplexStream<Uint8Array, Uint8Array> {
    return this.#client.makeBidiStreamRequest("/bench.Echo/Bidi", toBuffer, same);
  }

  close(): void {
    this.#client.close();
  }
}

const same = (bytes: Buffer): Uint8Array => bytes;

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A share of sorted numbers lies below this. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}

/** Resolves after a time. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
