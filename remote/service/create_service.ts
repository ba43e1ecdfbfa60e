/**
 * createService: puts a runtime on the network.
 *
 * @module
 */

import type { Runtime } from "../../mod.ts";
import type { ServiceOptions } from "./options.ts";
import type { Service } from "./types.ts";

/**
 * Offers a runtime to other programs over gRPC, in both generations of the
 * RemoteMedia v1 protocol. Resolves when it listens.
 *
 * The service uses the runtime and does not own it: close the service first,
 * then the runtime.
 *
 * @throws {StreamrackError} `invalid-options` with every problem, or `connection-failed` if it cannot listen there.
 *
 * @example
 * ```ts
 * import { createRuntime } from "@streamrack/core";
 * import { createService, RemotePipelineClient } from "@streamrack/core/remote";
 * import assert from "node:assert/strict";
 *
 * await using runtime = await createRuntime();
 * await using service = await createService(runtime, { listen: "127.0.0.1:0" });
 *
 * await using client = new RemotePipelineClient(`127.0.0.1:${service.address.port}`);
 * const version = await client.getVersion();
 * assert.equal(version.protocolVersion, "v1");
 * ```
 */
export async function createService(runtime: Runtime, options: ServiceOptions = {}): Promise<Service> {
  // Loaded here, so that a program which imports only the client does not load the server.
  const { startService } = await import("./service.ts");
  return await startService(runtime, options);
}
