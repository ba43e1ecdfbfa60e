/**
 * What of the client needs the gRPC library, loaded with the first call.
 *
 * @module
 */

export { Channel } from "./channel.ts";
export { readExecuteResponse, readVersionResponse, writeExecuteRequest, writeVersionRequest } from "./messages.ts";
export { runStream } from "./stream.ts";
