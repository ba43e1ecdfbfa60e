/**
 * Failures that end a call with a gRPC status, rather than with an error in
 * its answer.
 *
 * @module
 */

import { Metadata, status, type StatusObject } from "@grpc/grpc-js";
import type { NoPlace } from "./admission.ts";

/** Trailer that tells clients when to try again (gRPC proposal A6). */
const RETRY_PUSHBACK = "grpc-retry-pushback-ms";

/** Ends a call with a status. */
export class CallStatus extends Error {
  override readonly name = "CallStatus";
  readonly code: status;
  readonly retryAfterMs: number | undefined;

  constructor(code: status, message: string, retryAfterMs?: number) {
    super(message);
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }

  /** What is sent. */
  toStatus(): StatusObject {
    const metadata = new Metadata();
    if (this.retryAfterMs !== undefined) metadata.set(RETRY_PUSHBACK, String(this.retryAfterMs));
    return { code: this.code, details: this.message, metadata };
  }
}

/** What a caller is told when there is no place for its pipeline. */
export function noPlaceStatus(because: NoPlace): CallStatus {
  switch (because) {
    case "draining":
      return new CallStatus(status.UNAVAILABLE, "the service is about to stop; call another one");
    case "too-many-sessions":
      return new CallStatus(status.UNAVAILABLE, "the service runs as many pipelines as it may; try again later", 250);
    case "too-many-bytes":
      return new CallStatus(
        status.RESOURCE_EXHAUSTED,
        "the service works on as many bytes as it may; try again later",
        250,
      );
  }
}
