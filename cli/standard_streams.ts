/**
 * Standard input and output as a source and a sink of bytes.
 *
 * @module
 */

import process from "node:process";
import type { ByteSink } from "../audio/io/byte_sink.ts";
import { type ByteSource, fromChunks } from "../audio/io/byte_source.ts";
import { writeStdout } from "./stdout.ts";

/** Reads from standard input. */
export function fromStdin(): ByteSource {
  const source = fromChunks(process.stdin, "standard input");
  return {
    ...source,
    async close() {
      await source.close();
      process.stdin.destroy();
    },
  };
}

/** Standard output. What was written cannot be taken back. */
export function toStdout(): ByteSink {
  return {
    name: "standard output",
    write: writeStdout,
    commit: () => Promise.resolve(),
    discard: () => Promise.resolve(),
  };
}
