/**
 * The HTTP door for scrapers and simple probes.
 *
 * @module
 */

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** What the door shows. */
export interface MetricsSource {
  readonly isServing: boolean;
  renderMetrics(): Promise<{ readonly contentType: string; readonly text: string }>;
}

/** An open door for scrapers. */
export interface MetricsServer {
  readonly address: { readonly host: string; readonly port: number };
  close(): Promise<void>;
}

/**
 * Serves `/metrics`, and `/healthz`, which is 200 while calls are taken and
 * 503 after that. Resolves when it listens.
 */
export async function startMetricsServer(
  { host, port }: { readonly host: string; readonly port: number },
  source: MetricsSource,
): Promise<MetricsServer> {
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 10_000 }, (request, response) => {
    const path = (request.url ?? "").split("?", 1)[0];
    const answer = (code: number, text: string, contentType = "text/plain; charset=utf-8") => {
      response.writeHead(code, { "content-type": contentType });
      response.end(request.method === "HEAD" ? undefined : text);
    };
    if (request.method !== "GET" && request.method !== "HEAD") return answer(405, "only GET and HEAD\n");
    if (path === "/healthz") return source.isServing ? answer(200, "serving\n") : answer(503, "draining\n");
    if (path !== "/metrics") return answer(404, "only /metrics and /healthz\n");
    source.renderMetrics().then(
      ({ contentType, text }) => answer(200, text, contentType),
      (thrown) => answer(500, `${thrown}\n`),
    );
  });
  await listen(server, host, port);
  const { address, port: taken } = server.address() as AddressInfo;
  return {
    address: { host: address, port: taken },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, () => {
      server.removeListener("error", reject);
      resolve();
    });
  });
}
