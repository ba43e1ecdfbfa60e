/**
 * The standard health service: probes ask it whether to send calls here.
 *
 * @module
 */

import { create, fromBinary, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { type sendUnaryData, type ServerUnaryCall, type ServerWritableStream, status } from "@grpc/grpc-js";
import {
  Health as HealthService,
  HealthCheckRequestSchema,
  HealthCheckResponse_ServingStatus as ServingStatus,
  HealthCheckResponseSchema,
  HealthListResponseSchema,
} from "../gen/grpc/grpc/health/v1/health_pb.ts";
import { PipelineExecutionService } from "../gen/v004/remotemedia/v1/execution_pb.ts";
import { StreamingPipelineService } from "../gen/v004/remotemedia/v1/streaming_pb.ts";
import { CallStatus } from "./call_status.ts";
import { rawService } from "./raw_service.ts";

type Unary = (call: ServerUnaryCall<Uint8Array, Uint8Array>, done: sendUnaryData<Uint8Array>) => void;

const SERVICES = ["", PipelineExecutionService.typeName, StreamingPipelineService.typeName];

/** Tells whether the service takes calls. */
export class Health {
  readonly definition = rawService(HealthService);
  readonly #watchers = new Set<ServerWritableStream<Uint8Array, Uint8Array>>();
  #isServing = true;

  /** How the calls are answered. */
  readonly handlers: {
    readonly Check: Unary;
    readonly List: Unary;
    readonly Watch: (call: ServerWritableStream<Uint8Array, Uint8Array>) => void;
  } = {
    Check: (call, done) => {
      const service = readService(call.request);
      if (service === undefined) return done(badRequest());
      if (!SERVICES.includes(service)) {
        return done(new CallStatus(status.NOT_FOUND, "no such service").toStatus());
      }
      done(null, toBinary(HealthCheckResponseSchema, this.#response()));
    },
    List: (_call, done) => {
      const statuses = Object.fromEntries(SERVICES.map((service) => [service, this.#response()]));
      done(null, toBinary(HealthListResponseSchema, create(HealthListResponseSchema, { statuses })));
    },
    Watch: (call) => {
      const service = readService(call.request);
      if (service === undefined) return void call.emit("error", badRequest());
      call.on("error", () => {});
      if (!SERVICES.includes(service)) {
        const unknown = create(HealthCheckResponseSchema, { status: ServingStatus.SERVICE_UNKNOWN });
        // As the standard says, the call stays open: the service may become known. Here it never does.
        return void call.write(toBinary(HealthCheckResponseSchema, unknown));
      }
      this.#watchers.add(call);
      call.on("close", () => this.#watchers.delete(call));
      call.on("cancelled", () => this.#watchers.delete(call));
      call.write(toBinary(HealthCheckResponseSchema, this.#response()));
    },
  };

  /** Says from now on that no more calls are taken, and ends the watching calls with that. */
  stopServing(): void {
    this.#isServing = false;
    for (const call of this.#watchers) {
      call.write(toBinary(HealthCheckResponseSchema, this.#response()));
      // What `end` is given would be taken for trailers.
      call.end();
    }
    this.#watchers.clear();
  }

  #response(): MessageShape<typeof HealthCheckResponseSchema> {
    const servingStatus = this.#isServing ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
    return create(HealthCheckResponseSchema, { status: servingStatus });
  }
}

function readService(request: Uint8Array): string | undefined {
  try {
    return fromBinary(HealthCheckRequestSchema, request).service;
  } catch {
    return undefined;
  }
}

function badRequest(): ReturnType<CallStatus["toStatus"]> {
  return new CallStatus(status.INVALID_ARGUMENT, "this is no HealthCheckRequest").toStatus();
}
