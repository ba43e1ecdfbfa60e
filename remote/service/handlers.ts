/**
 * The methods of the protocol, as the gRPC library calls them.
 *
 * @module
 */

import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type sendUnaryData, type ServerDuplexStream, type ServerUnaryCall, status } from "@grpc/grpc-js";
import { VersionRequestSchema, VersionResponseSchema } from "../gen/v004/remotemedia/v1/execution_pb.ts";
import { VERSION } from "../../core/plugin.ts";
import { CallStatus } from "./call_status.ts";
import { readCaller, type ServiceContext } from "./context.ts";
import { CALLER_GONE, executePipeline } from "./execute.ts";
import { Stop } from "./stop.ts";
import { streamPipeline } from "./stream.ts";

type Unary = (call: ServerUnaryCall<Uint8Array, Uint8Array>, done: sendUnaryData<Uint8Array>) => void;

/** The one version of the protocol, whichever generation of messages is spoken. */
const PROTOCOL = "v1";

/** The handlers of both services. None of them throws: the library would end the process. */
export function createHandlers(context: ServiceContext): {
  readonly execution: { readonly ExecutePipeline: Unary; readonly GetVersion: Unary };
  readonly streaming: { readonly StreamPipeline: (call: ServerDuplexStream<Uint8Array, Uint8Array>) => void };
} {
  const startedAt = new Date().toISOString();
  return {
    execution: {
      ExecutePipeline(call, done) {
        const stop = new Stop();
        call.once("cancelled", () => stop.call(CALLER_GONE));
        const caller = readCaller(call.metadata, context.gate);
        executePipeline(context, call.request, { caller, stop }).then(
          (answer) => done(null, answer),
          (thrown) => done(toStatus(thrown).toStatus()),
        );
      },
      GetVersion(call, done) {
        try {
          fromBinary(VersionRequestSchema, call.request);
        } catch {
          return done(new CallStatus(status.INVALID_ARGUMENT, "this is no VersionRequest").toStatus());
        }
        const versionInfo = {
          protocolVersion: PROTOCOL,
          runtimeVersion: VERSION,
          supportedNodeTypes: context.runtime.registry.types(),
          supportedProtocols: [PROTOCOL],
          // There is no build: the sources run as they are. What can be told is since when.
          buildTimestamp: startedAt,
        };
        const response = create(VersionResponseSchema, {
          versionInfo,
          compatible: true,
          compatibilityMessage: "Compatible",
        });
        done(null, toBinary(VersionResponseSchema, response));
      },
    },
    streaming: {
      StreamPipeline(call) {
        streamPipeline(context, call).catch((thrown) => {
          context.settings.onLog({ level: "error", event: "bug", message: String(thrown) });
          if (!call.destroyed) call.emit("error", toStatus(thrown).toStatus());
        });
      },
    },
  };
}

function toStatus(thrown: unknown): CallStatus {
  if (thrown instanceof CallStatus) return thrown;
  return new CallStatus(status.INTERNAL, thrown instanceof Error ? thrown.message : String(thrown));
}
