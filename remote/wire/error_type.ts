/**
 * Errors on the wire: the protocol's ErrorType, and what is ours beside it.
 *
 * @module
 */

import { type ErrorCode, type ErrorReason, type Problem, StreamrackError } from "../../core/plugin.ts";
import type { Manifest } from "../../mod.ts";
import type { Generation } from "./generation.ts";

/** The kinds of error of the protocol, with their numbers on the wire. */
export const ErrorType = {
  /** Manifest, parameters or data are not right. */
  validation: 1,
  /** A node failed. */
  nodeExecution: 2,
  /** A limit of the request or of the service was exceeded. */
  resourceLimit: 3,
  /** The caller did not say who it is, or may not do this. */
  authentication: 4,
  /** Client and service do not speak the same version. */
  versionMismatch: 5,
  /** The service is at fault. */
  internal: 6,
  /** Data is not of the kind that a node takes. Not known to clients of the first generation. */
  typeValidation: 7,
} as const;

/** The number of one of the kinds of {@linkcode ErrorType}. */
export type ErrorType = typeof ErrorType[keyof typeof ErrorType];

/** What went wrong, as the protocol says it. */
export interface WireError {
  readonly errorType: ErrorType;
  readonly message: string;
  readonly failingNodeId: string;
  readonly context: string;
  readonly stackTrace: string;
}

/** What a code means for the protocol, where the reason says nothing more precise. */
const TYPES_BY_CODE: { readonly [C in ErrorCode]?: ErrorType } = {
  "invalid-argument": ErrorType.validation,
  "not-found": ErrorType.validation,
  "out-of-range": ErrorType.validation,
  "already-exists": ErrorType.validation,
  "failed-precondition": ErrorType.nodeExecution,
  "aborted": ErrorType.nodeExecution,
  "data-loss": ErrorType.nodeExecution,
  "unknown": ErrorType.nodeExecution,
  "resource-exhausted": ErrorType.resourceLimit,
  "deadline-exceeded": ErrorType.resourceLimit,
  "unauthenticated": ErrorType.authentication,
  "permission-denied": ErrorType.authentication,
};

/** Turns anything thrown into an error of the protocol. */
export function toWireError(
  thrown: unknown,
  { generation, manifest }: { readonly generation: Generation; readonly manifest?: Manifest | undefined },
): WireError {
  const error = StreamrackError.from(thrown);
  const errorType = errorTypeOf(error, generation);
  const failingNodeId = error.nodeId ?? nodeOfProblems(error.problems, manifest);
  const inParams = error.reason === "invalid-manifest" && error.problems.length > 0 &&
    error.problems.every(({ path }) => PARAMS_PATH.test(path));
  // Clients of this protocol look for faults of parameters in a list of this form.
  const message = inParams ? JSON.stringify(paramFaults(error.problems, manifest)) : error.message;
  const context = inParams
    ? `${error.problems.length} validation error(s) in node parameters`
    : JSON.stringify(toContext(error));
  return { errorType, message, failingNodeId, context, stackTrace: "" };
}

function errorTypeOf({ code, reason, pluginName }: StreamrackError, generation: Generation): ErrorType {
  if (reason === "wrong-kind" && generation === "004") return ErrorType.typeValidation;
  // What a node threw while it ran, whatever code it chose. Unless it is said of the manifest, the node is at fault.
  const isOfNode = pluginName !== undefined && reason !== "invalid-manifest" && reason !== "worker-crashed";
  if (isOfNode && (TYPES_BY_CODE[code] ?? ErrorType.internal) !== ErrorType.resourceLimit) {
    return ErrorType.nodeExecution;
  }
  return TYPES_BY_CODE[code] ?? ErrorType.internal;
}

const PARAMS_PATH = /^nodes\[(\d+)\]\.params\b/;
const NODE_PATH = /^nodes\[(\d+)\]/;

function nodeOfProblems(problems: readonly Problem[], manifest: Manifest | undefined): string {
  const index = problems.map(({ path }) => NODE_PATH.exec(path)?.[1]).find((match) => match !== undefined);
  return index === undefined ? "" : manifest?.nodes[Number(index)]?.id ?? "";
}

function paramFaults(problems: readonly Problem[], manifest: Manifest | undefined): unknown[] {
  return problems.map(({ path, message, received, expected }) => {
    const node = manifest?.nodes[Number(PARAMS_PATH.exec(path)?.[1])];
    return {
      node_id: node?.id ?? "",
      node_type: node?.node_type ?? "",
      path: path.replace(PARAMS_PATH, "").replace(/^\./, ""),
      constraint: "schema",
      expected: expected ?? "",
      received: received ?? "",
      message,
    };
  });
}

/** What of an error the protocol has no field for, so that our own client can make the same error again. */
export interface ErrorContext {
  readonly code: ErrorCode;
  readonly reason: ErrorReason;
  readonly detail: string;
  readonly pluginName?: string | undefined;
  readonly retryable: boolean;
  readonly problems: readonly Problem[];
  readonly remedy?: string | undefined;
}

function toContext({ code, reason, detail, pluginName, retryable, problems, remedy }: StreamrackError): ErrorContext {
  return { code, reason, detail, pluginName, retryable, problems, remedy };
}
