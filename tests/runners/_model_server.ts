/** An OpenAI-compatible service for tests: it speaks the wire form over real HTTP, and its faults. */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** How one request is answered. */
export type Answer = (request: Asked, response: ServerResponse) => void | Promise<void>;

/** What was asked. */
export interface Asked {
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
  /** The body as JSON. */
  json(): Record<string, unknown>;
  /** Resolves when the connection of the request has closed. */
  readonly closed: Promise<void>;
}

export class ModelServer {
  readonly requests: Asked[] = [];
  readonly #server = createServer((request, response) => void this.#handle(request, response));
  readonly #sockets = new Set<Socket>();
  /** Answers by API key or path fragment would hide which test asks: each test sets the next answers. */
  answer: Answer = (_, response) => chat(response, ["ok"]);

  private constructor() {
    this.#server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
      socket.on("error", () => {});
    });
  }

  static async start(): Promise<ModelServer> {
    const server = new ModelServer();
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    return server;
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  get last(): Asked {
    return this.requests.at(-1) as Asked;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    response.on("error", () => {});
    const closed = new Promise<void>((resolve) => response.on("close", resolve));
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const asked = {
      path: request.url ?? "",
      headers: request.headers,
      body,
      json: () => JSON.parse(body.toString()),
      closed,
    };
    this.requests.push(asked);
    await this.answer(asked, response);
  }
}

const STREAM = { "content-type": "text/event-stream", "cache-control": "no-cache" };

export const event = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;
export const delta = (content: string, finishReason: string | null = null) =>
  event({ id: "c1", model: "test-model", choices: [{ index: 0, delta: { content }, finish_reason: finishReason }] });
export const END = event({ model: "test-model", choices: [{ index: 0, delta: {}, finish_reason: "stop" }] });
export const DONE = "data: [DONE]\n\n";

/** Begins a stream; nothing of it waits in the buffers of the server. */
export function begin(response: ServerResponse): void {
  response.writeHead(200, STREAM);
  response.flushHeaders();
}

/** A whole answer. */
export function chat(response: ServerResponse, tokens: readonly string[], usage = true): void {
  begin(response);
  for (const token of tokens) response.write(delta(token));
  response.write(END);
  if (usage) {
    response.write(event({ choices: [], usage: { prompt_tokens: 3, completion_tokens: 7, total_tokens: 10 } }));
  }
  response.end(DONE);
}

/** A failure in the form of the API. */
export function fail(response: ServerResponse, status: number, error: unknown, headers: Record<string, string> = {}) {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify({ error }));
}
