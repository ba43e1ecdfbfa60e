/**
 * What a client throws.
 *
 * @module
 */

import { type ErrorCode, type ErrorReason, StreamrackError, type StreamrackErrorOptions } from "../../core/plugin.ts";
import { ErrorType } from "../wire/error_type.ts";

/** What a {@linkcode RemotePipelineError} carries beside a StreamrackError. */
export interface RemotePipelineErrorOptions extends StreamrackErrorOptions {
  readonly errorType: ErrorType;
  /** What the service said beside its message. */
  readonly context?: string | undefined;
}

/**
 * A call failed: the service reported an error, or could not be reached. It is
 * a StreamrackError, with the protocol's own kind of error beside the code. An
 * error of one of our services has the code, reason and problems that it had
 * there.
 *
 * @example
 * ```ts
 * import { ErrorType, RemotePipelineError } from "@streamrack/core/remote";
 * import assert from "node:assert/strict";
 *
 * const error = new RemotePipelineError("remote-failed", "the node failed", { errorType: ErrorType.nodeExecution });
 * assert.equal(error.errorType, ErrorType.nodeExecution);
 * ```
 */
export class RemotePipelineError extends StreamrackError {
  /** The number of the kind of error in the protocol. */
  readonly errorType: ErrorType;
  /** What the service said beside its message; empty if nothing. */
  readonly context: string;

  constructor(reason: ErrorReason, detail: string, options: RemotePipelineErrorOptions) {
    super(reason, detail, options);
    this.errorType = options.errorType;
    this.context = options.context ?? "";
  }
}

/** The code of each kind of error, where the service says nothing more precise. */
export const CODES_BY_TYPE: { readonly [type: number]: ErrorCode } = {
  [ErrorType.validation]: "invalid-argument",
  [ErrorType.nodeExecution]: "aborted",
  [ErrorType.resourceLimit]: "resource-exhausted",
  [ErrorType.authentication]: "unauthenticated",
  [ErrorType.versionMismatch]: "failed-precondition",
  [ErrorType.internal]: "internal",
  [ErrorType.typeValidation]: "invalid-argument",
};
