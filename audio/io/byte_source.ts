/**
 * Where bytes come from: a file, memory, or a stream such as standard input. Reading
 * is pull-based, so nothing is held that nobody has asked for.
 *
 * @module
 */

import { open } from "node:fs/promises";
import { pathText } from "./byte_sink.ts";
import { fileError } from "./file_error.ts";

/** A sequence of bytes that is read once, from the front. */
export interface ByteSource {
  /** What messages call it. */
  readonly name: string;
  /** Length of the whole, where it is known beforehand. */
  readonly sizeBytes: number | undefined;
  /** Fills the target and returns how many bytes there were: fewer than asked for only at the end. */
  read(target: Uint8Array): Promise<number>;
  /** Ends the use of the source; a read that is under way ends, too. Safe to repeat. */
  close(): Promise<void>;
}

/** Opens a file, or anything else that has a path (a FIFO, a device). */
export async function openFile(target: string | URL): Promise<ByteSource> {
  const path = pathText(target);
  try {
    const file = await open(path, "r");
    const stats = await file.stat();
    if (stats.isDirectory()) {
      await file.close();
      throw Object.assign(new Error("a folder cannot be read"), { code: "EISDIR" });
    }
    let closing: Promise<void> | undefined;
    return {
      name: path,
      sizeBytes: stats.isFile() ? stats.size : undefined,
      async read(target) {
        let filled = 0;
        while (filled < target.length) {
          const { bytesRead } = await file.read(target, filled, target.length - filled, null);
          if (bytesRead === 0) break;
          filled += bytesRead;
        }
        return filled;
      },
      close: () => closing ??= file.close(),
    };
  } catch (thrown) {
    throw fileError(thrown, path, "be read");
  }
}

/** Reads from memory. */
export function fromBytes(bytes: Uint8Array, name: string): ByteSource {
  let at = 0;
  return {
    name,
    sizeBytes: bytes.length,
    read(target) {
      const part = bytes.subarray(at, at + target.length);
      target.set(part);
      at += part.length;
      return Promise.resolve(part.length);
    },
    close: () => Promise.resolve(),
  };
}

/** A source from whose front some bytes were read already: they come again. */
export function prefixed(start: Uint8Array, source: ByteSource): ByteSource {
  let left = start;
  return {
    name: source.name,
    sizeBytes: source.sizeBytes,
    async read(target) {
      const part = left.subarray(0, target.length);
      target.set(part);
      left = left.subarray(part.length);
      return part.length === target.length
        ? part.length
        : part.length + await source.read(target.subarray(part.length));
    },
    close: () => source.close(),
  };
}

/** Reads from a stream of chunks of any sizes. */
export function fromChunks(chunks: AsyncIterable<Uint8Array>, name: string): ByteSource {
  const iterator = chunks[Symbol.asyncIterator]();
  let rest: Uint8Array = new Uint8Array(0);
  let ended = false;
  let endPendingPull: (() => void) | undefined;

  // A stream that stays silent would hold its reader for ever, so close() settles the pull itself: a promise per
  // pull, none that lives as long as the stream.
  const pull = () =>
    new Promise<Uint8Array | undefined>((resolve, reject) => {
      endPendingPull = () => resolve(undefined);
      iterator.next().then((result) => resolve(result.done === true ? undefined : result.value), reject);
    });

  return {
    name,
    sizeBytes: undefined,
    async read(target) {
      let filled = 0;
      while (filled < target.length) {
        if (rest.length === 0) {
          const chunk = ended ? undefined : await pull();
          if (chunk === undefined) {
            ended = true;
            break;
          }
          rest = chunk;
          continue;
        }
        const part = rest.subarray(0, target.length - filled);
        target.set(part, filled);
        filled += part.length;
        rest = rest.subarray(part.length);
      }
      return filled;
    },
    close() {
      if (!ended) {
        ended = true;
        endPendingPull?.();
        // Not waited for: a stream that stays silent would hold whoever closes it.
        iterator.return?.().catch(() => {});
      }
      return Promise.resolve();
    },
  };
}

const SKIP_BYTES = 65_536;

/** Passes over a number of bytes; returns how many there were. */
export async function skip(source: ByteSource, bytes: number): Promise<number> {
  const scratch = new Uint8Array(Math.min(bytes, SKIP_BYTES));
  let skipped = 0;
  while (skipped < bytes) {
    const read = await source.read(scratch.subarray(0, Math.min(scratch.length, bytes - skipped)));
    if (read === 0) break;
    skipped += read;
  }
  return skipped;
}
