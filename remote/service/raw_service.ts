/**
 * Services for the gRPC library whose messages stay bytes: handlers decode
 * them, since which generation they are in shows only there.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { DescService } from "@bufbuild/protobuf";
import type { MethodDefinition, ServiceDefinition } from "@grpc/grpc-js";

/** One method whose requests and responses are bytes. */
export type RawMethod = MethodDefinition<Uint8Array, Uint8Array>;

/** The definition of a service in which every message is bytes. */
export function rawService(service: DescService): ServiceDefinition {
  const methods = service.methods.map(({ name, methodKind }): [string, RawMethod] => [name, {
    path: `/${service.typeName}/${name}`,
    originalName: name,
    requestStream: methodKind === "client_streaming" || methodKind === "bidi_streaming",
    responseStream: methodKind === "server_streaming" || methodKind === "bidi_streaming",
    requestSerialize: toBuffer,
    requestDeserialize: (bytes) => bytes,
    responseSerialize: toBuffer,
    responseDeserialize: (bytes) => bytes,
  }]);
  return Object.fromEntries(methods);
}

/** The same memory as a Buffer, which is what the gRPC library sends. */
function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
