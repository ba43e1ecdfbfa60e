/**
 * The door of the service: it accepts sockets, lets in those that speak
 * HTTP/2, and closes the others, before any of it reaches the HTTP/2 layer.
 *
 * It listens by itself, and not through the gRPC library, for three things
 * that the library has no option for: a limit of connections, a limit of time
 * for the first bytes, and the filter that Deno needs.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from "node:net";
import process from "node:process";
import type { Duplex } from "node:stream";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";
import { GoawayFilter } from "./goaway_filter.ts";

/** What every HTTP/2 client sends first (RFC 9113, section 3.4). */
const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

/** Deno needs the filter; see there. */
const NEEDS_FILTER = process.versions["deno"] !== undefined;
/** Bun 1.4's HTTP/2 reads the socket by itself, past what was put back into it. It takes that as an event. */
const READS_PAST = process.versions["bun"] !== undefined;

/** Keys and certificates, in PEM. */
export interface TlsOptions {
  readonly key: string | Uint8Array;
  /** The certificate of the service, followed by those between it and the root. */
  readonly cert: string | Uint8Array;
  /** Roots that certificates of clients must lead to. With it, a client without a certificate is refused. */
  readonly clientCa?: string | Uint8Array | undefined;
}

/** Why a connection was closed before it carried anything. */
export type RefusedBecause = "not-http2" | "too-many" | "too-many-of-peer" | "too-slow" | "tls-failed" | "closing";

/** How {@linkcode startAcceptor} listens. */
export interface AcceptorOptions {
  readonly host: string;
  readonly port: number;
  readonly tls?: TlsOptions | undefined;
  readonly maxConnections: number;
  readonly maxConnectionsPerPeer: number;
  readonly handshakeTimeoutMs: number;
  readonly onConnection: (connection: Duplex) => void;
  /** @param detail What else is known, such as why TLS failed. */
  readonly onRefused: (because: RefusedBecause, peer: string, detail?: string) => void;
}

/** An open door. */
export interface Acceptor {
  readonly address: AddressInfo;
  readonly connectionCount: number;
  /** Accepts nothing any more; connections that are open stay. */
  stop(): void;
  /** Resolves when no connection is open. */
  emptied(): Promise<void>;
  /** Ends every connection and waits until all are closed. */
  close(): Promise<void>;
}

/** Listens; resolves when it does, and rejects if it cannot. */
export async function startAcceptor(options: AcceptorOptions): Promise<Acceptor> {
  const door = new Door(options);
  await door.listen();
  return door;
}

class Door implements Acceptor {
  readonly #options: AcceptorOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #perPeer = new Map<string, number>();
  /** A socket that was closed does not tell any more whose it was. */
  readonly #peers = new WeakMap<object, string>();
  #isStopped = false;

  constructor(options: AcceptorOptions) {
    this.#options = options;
    const { tls, handshakeTimeoutMs } = options;
    if (tls === undefined) {
      this.#server = createTcpServer({ noDelay: true }, (socket) => {
        if (this.#count(socket)) this.#checkPreface(socket);
      });
    } else {
      const { clientCa: ca, key, cert } = tls;
      const asked = ca === undefined ? {} : { ca: toPem(ca), requestCert: true, rejectUnauthorized: true };
      const server = createTlsServer({
        key: toPem(key),
        cert: toPem(cert),
        ALPNProtocols: ["h2"],
        minVersion: "TLSv1.2",
        handshakeTimeout: handshakeTimeoutMs,
        ...asked,
      }, (socket: TLSSocket) => this.#checkPreface(socket));
      server.on("connection", (socket) => void this.#count(socket));
      server.on("tlsClientError", (error: Error & { readonly code?: string }, socket) => {
        const { _parent: raw } = socket as { _parent?: object };
        const peer = raw === undefined ? undefined : this.#peers.get(raw);
        options.onRefused("tls-failed", peer ?? peerOf(socket), error.code ?? error.message);
        socket.destroy();
      });
      this.#server = server;
    }
  }

  get address(): AddressInfo {
    return this.#server.address() as AddressInfo;
  }

  get connectionCount(): number {
    return this.#sockets.size;
  }

  listen(): Promise<void> {
    const { host, port } = this.#options;
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ host, port, backlog: 511 }, () => {
        this.#server.removeListener("error", reject);
        // An accept that fails (no more file handles, say) concerns that one connection.
        this.#server.on("error", () => {});
        resolve();
      });
    });
  }

  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#server.close();
  }

  async close(): Promise<void> {
    this.stop();
    for (const socket of this.#sockets) socket.destroy();
    await this.emptied();
  }

  async emptied(): Promise<void> {
    while (this.#sockets.size > 0) {
      const [socket] = this.#sockets;
      await new Promise((resolve) => (socket as Socket).once("close", resolve));
    }
  }

  /** Takes a socket into account, if there is room for one more. */
  #count(socket: Socket): boolean {
    const { maxConnections, maxConnectionsPerPeer, onRefused } = this.#options;
    // A reset by the peer is an everyday event; the "close" that follows does what is to be done.
    socket.on("error", () => {});
    const peer = socket.remoteAddress ?? "";
    const ofPeer = this.#perPeer.get(peer) ?? 0;
    const refusal = this.#isStopped
      ? "closing"
      : this.#sockets.size >= maxConnections
      ? "too-many"
      : ofPeer >= maxConnectionsPerPeer
      ? "too-many-of-peer"
      : undefined;
    if (refusal !== undefined) {
      onRefused(refusal, peerOf(socket));
      socket.destroy();
      return false;
    }
    this.#sockets.add(socket);
    this.#peers.set(socket, peerOf(socket));
    this.#perPeer.set(peer, ofPeer + 1);
    socket.once("close", () => {
      this.#sockets.delete(socket);
      const left = (this.#perPeer.get(peer) ?? 1) - 1;
      if (left > 0) this.#perPeer.set(peer, left);
      else this.#perPeer.delete(peer);
    });
    return true;
  }

  /** Reads the first bytes: what does not begin as HTTP/2 does is closed at its first wrong byte. */
  #checkPreface(socket: Socket): void {
    const { handshakeTimeoutMs, onConnection, onRefused } = this.#options;
    const peer = peerOf(socket);
    let received: Buffer = Buffer.alloc(0);
    const refuse = (because: RefusedBecause) => {
      stopReading();
      onRefused(because, peer);
      socket.destroy();
    };
    const timer = setTimeout(() => refuse("too-slow"), handshakeTimeoutMs);
    const onData = (chunk: Buffer) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      const length = Math.min(received.length, PREFACE.length);
      if (!received.subarray(0, length).equals(PREFACE.subarray(0, length))) return refuse("not-http2");
      if (received.length < PREFACE.length) return;
      stopReading();
      socket.pause();
      if (READS_PAST) {
        onConnection(socket);
        // HTTP/2 has begun by then.
        process.nextTick(() => {
          socket.emit("data", received);
          socket.resume();
        });
        return;
      }
      const connection = NEEDS_FILTER ? new GoawayFilter(socket, { prefaceBytes: PREFACE.length }) : socket;
      socket.unshift(received);
      onConnection(connection);
    };
    const onClose = () => stopReading();
    const stopReading = () => {
      clearTimeout(timer);
      socket.removeListener("data", onData);
      socket.removeListener("close", onClose);
    };
    // On a TLS socket, which is not the one that was counted.
    socket.on("error", () => {});
    socket.on("data", onData);
    socket.on("close", onClose);
  }
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress ?? "?"}:${remotePort ?? "?"}`;
}

function toPem(text: string | Uint8Array): string {
  return typeof text === "string" ? text : new TextDecoder().decode(text);
}
