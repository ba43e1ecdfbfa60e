/** What the service is compared with: the same gRPC library, handing bytes back. */

import type { Buffer } from "node:buffer";
import process from "node:process";
import { Server, ServerCredentials, type ServerDuplexStream, type ServiceDefinition } from "@grpc/grpc-js";

const same = (bytes: Buffer) => bytes;
const codecs = { requestSerialize: same, requestDeserialize: same, responseSerialize: same, responseDeserialize: same };
const definition: ServiceDefinition = {
  Unary: { path: "/bench.Echo/Unary", requestStream: false, responseStream: false, ...codecs },
  Bidi: { path: "/bench.Echo/Bidi", requestStream: true, responseStream: true, ...codecs },
};

const server = new Server();
server.addService(definition, {
  Unary: (call: { request: Buffer }, done: (error: null, answer: Buffer) => void) => done(null, call.request),
  Bidi: async (call: ServerDuplexStream<Buffer, Buffer>) => {
    call.on("error", () => {});
    for await (const chunk of call.iterator({ destroyOnReturn: false })) {
      if (!call.write(chunk)) await new Promise((resolve) => call.once("drain", resolve));
    }
    call.end();
  },
});
server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  console.log(`listening on 127.0.0.1:${port}`);
});
process.on("SIGTERM", () => process.exit());
