/**
 * Standard output with backpressure, and without a crash when its reader goes
 * away.
 *
 * @module
 */

import { fstatSync, write } from "node:fs";
import process from "node:process";
import { fileError, systemCode } from "../audio/io/file_error.ts";

const STDOUT = 1;

/** Whether something failed because the reader of a pipe has gone away. */
export function isBrokenPipe(thrown: unknown): boolean {
  const code = systemCode(thrown);
  if (code === "EPIPE" || code === "ERR_STREAM_DESTROYED") return true;
  return thrown instanceof Error && thrown.cause !== undefined && isBrokenPipe(thrown.cause);
}

/**
 * Writes all of the bytes or text; resolves when there is room for more, rejects when the reader is gone, or the disk
 * is full that standard output leads to.
 */
export async function writeStdout(data: Uint8Array | string): Promise<void> {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  try {
    for (let done = 0; done < bytes.length;) done += await writeSome(bytes.subarray(done));
  } catch (thrown) {
    throw isBrokenPipe(thrown) ? thrown : fileError(thrown, "standard output", "be written");
  }
}

// Each runtime has one way of writing to a full pipe that does not stop the event loop, and with it Ctrl-C: on Deno
// process.stdout blocks; on Node a blocked fs.write keeps the process from exiting. A file never blocks, and the stream
// would not tell that only a part has found room on its disk.
const writeSome = process.versions["deno"] === undefined && !isFile() ? writeStream : writeDescriptor;

function isFile(): boolean {
  try {
    return fstatSync(STDOUT).isFile();
  } catch {
    return false; // it was closed by whoever started us
  }
}

let isListening = false;

function writeStream(bytes: Uint8Array): Promise<number> {
  // Node reports a broken pipe to the callback and as an event; unheard, the event would end the process.
  if (!isListening) process.stdout.on("error", () => {});
  isListening = true;
  return new Promise((resolve, reject) => {
    process.stdout.write(bytes, (error) => error ? reject(error) : resolve(bytes.length));
  });
}

const RETRY_MS = 2;

function writeDescriptor(bytes: Uint8Array): Promise<number> {
  return new Promise((resolve, reject) => {
    write(STDOUT, bytes, 0, bytes.length, null, (error, written) => {
      if (error === null) resolve(written);
      // Whoever started us may have made the pipe non-blocking; there is no event that tells when it has room.
      else if (systemCode(error) === "EAGAIN") setTimeout(resolve, RETRY_MS, 0);
      else reject(error);
    });
  });
}
