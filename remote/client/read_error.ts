/**
 * From what a service or the gRPC library says, to what a client throws.
 *
 * @module
 */

import { type ServiceError, status } from "@grpc/grpc-js";
import { ERROR_CODES, ERROR_REASONS, type ErrorCode, type ErrorReason, type Problem } from "../../core/errors.ts";
import type { ErrorResponse } from "../gen/v004/remotemedia/v1/common_pb.ts";
import { type ErrorContext, ErrorType } from "../wire/error_type.ts";
import { CODES_BY_TYPE, RemotePipelineError } from "./remote_error.ts";

/** Reads an error in an answer. */
export function readErrorResponse(response: ErrorResponse): RemotePipelineError {
  const { message, failingNodeId, context } = response;
  const errorType = toErrorType(response.errorType);
  const common = { errorType, context, nodeId: failingNodeId === "" ? undefined : failingNodeId };
  const ours = readContext(context);
  if (ours !== undefined) {
    const { reason, detail, code, pluginName, retryable, problems, remedy } = ours;
    return new RemotePipelineError(reason, detail, { ...common, code, pluginName, retryable, problems, remedy });
  }
  const faults = readParamFaults(message);
  if (faults !== undefined) {
    return new RemotePipelineError("invalid-manifest", "parameters in the manifest are not right", {
      ...common,
      problems: faults,
    });
  }
  const text = message === "" ? "the service reported an error without a message" : message;
  return new RemotePipelineError("remote-failed", text, { ...common, code: CODES_BY_TYPE[errorType] });
}

/** Reads a status with which a call ended, other than OK. */
export function readStatus({ code, details }: Pick<ServiceError, "code" | "details">): RemotePipelineError {
  const { reason, errorType, remedy } = STATUSES[code] ?? {};
  const name = (status[code] ?? "UNKNOWN").toLowerCase().replaceAll("_", "-");
  // The library adds an empty note of how it resolved the name.
  const text = details.replace(/[.\s]*Resolution note:\s*$/, "");
  return new RemotePipelineError(reason ?? "remote-failed", text === "" ? `the call ended with ${name}` : text, {
    errorType: errorType ?? ErrorType.internal,
    code: (ERROR_CODES as readonly string[]).includes(name) ? name as ErrorCode : "unknown",
    remedy,
  });
}

const STATUSES: {
  readonly [code: number]: { readonly reason?: ErrorReason; readonly errorType?: ErrorType; readonly remedy?: string };
} = {
  [status.UNAVAILABLE]: {
    reason: "connection-failed",
    remedy:
      "Look whether the service runs at this address, with or without TLS as the client has it, and whether the client trusts its certificate (tls.ca).",
  },
  [status.UNAUTHENTICATED]: {
    reason: "unauthenticated",
    errorType: ErrorType.authentication,
    remedy: "Give the client a token that the service knows.",
  },
  [status.PERMISSION_DENIED]: { reason: "unauthenticated", errorType: ErrorType.authentication },
  [status.RESOURCE_EXHAUSTED]: { reason: "limit-exceeded", errorType: ErrorType.resourceLimit },
  [status.DEADLINE_EXCEEDED]: { reason: "deadline-exceeded", errorType: ErrorType.resourceLimit },
  [status.CANCELLED]: { reason: "session-cancelled" },
  [status.INVALID_ARGUMENT]: { errorType: ErrorType.validation },
  [status.FAILED_PRECONDITION]: { errorType: ErrorType.versionMismatch },
};

function toErrorType(number: number): ErrorType {
  return Object.values(ErrorType).find((type) => type === number) ?? ErrorType.internal;
}

/** What one of our services says. Nothing in it is trusted to be of the right type. */
function readContext(text: string): ErrorContext | undefined {
  const context = parseObject(text);
  if (context === undefined || typeof context["detail"] !== "string") return undefined;
  const { reason, code, detail, pluginName, retryable, remedy } = context;
  if (typeof reason !== "string" || typeof code !== "string") return undefined;
  return {
    // A newer service may have reasons that are not known here.
    reason: Object.hasOwn(ERROR_REASONS, reason) ? reason as ErrorReason : "remote-failed",
    code: (ERROR_CODES as readonly string[]).includes(code) ? code as ErrorCode : "unknown",
    detail,
    pluginName: typeof pluginName === "string" ? pluginName : undefined,
    retryable: retryable === true,
    problems: readProblems(context["problems"]),
    remedy: typeof remedy === "string" ? remedy : undefined,
  };
}

function readProblems(value: unknown): Problem[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((entry: unknown) => {
    const { path, message, received, expected } = Object(entry) as Record<string, unknown>;
    if (typeof path !== "string" || typeof message !== "string") return [];
    return [{
      path,
      message,
      ...(typeof received === "string" && received !== "" ? { received } : {}),
      ...(typeof expected === "string" && expected !== "" ? { expected } : {}),
    }];
  });
}

/** The list of faults that services of this protocol give for parameters. */
function readParamFaults(message: string): Problem[] | undefined {
  if (!message.startsWith("[")) return undefined;
  let list: unknown;
  try {
    list = JSON.parse(message);
  } catch {
    return undefined;
  }
  if (!Array.isArray(list) || list.length === 0) return undefined;
  const entries = list.map((entry: unknown) => {
    const { node_id: nodeId, path, ...rest } = Object(entry) as Record<string, unknown>;
    return { ...rest, path: `nodes[id=${String(nodeId)}].params${path === "" ? "" : `.${String(path)}`}` };
  });
  return readProblems(entries);
}

function parseObject(text: string): Record<string, unknown> | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value as Record<string, unknown> : undefined;
  } catch {
    return undefined;
  }
}
