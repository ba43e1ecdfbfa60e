/**
 * Where bytes go: a file that appears whole or not at all, or memory.
 *
 * @module
 */

import { type FileHandle, open, realpath, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { StreamrackError } from "../../core/plugin.ts";
import { fileError, systemCode } from "./file_error.ts";
import { keepAtExit, partialPath, removeAtExit, removeLeftovers } from "./partial_files.ts";

/** A place that bytes are written to in sequence. */
export interface ByteSink {
  /** What messages call it. */
  readonly name: string;
  /** Resolves when there is room for more. */
  write(bytes: Uint8Array): Promise<void>;
  /** Overwrites the first bytes; absent where there is no way back. */
  readonly writeStart?: (bytes: Uint8Array) => Promise<void>;
  /** All is written. */
  commit(): Promise<void>;
  /** Something failed: leaves nothing behind. Without effect after `commit`, and safe to repeat. */
  discard(): Promise<void>;
}

/**
 * Makes a file under a temporary name beside its place; `commit` moves it
 * there. Until then a file that is there already stays as it is. A device or
 * FIFO is written to directly. The folder has to be there: one that is made
 * for a mistyped path would hide the mistake.
 *
 * @param options `tidy`: whether temporary files of the same name are looked for that processes have left which were
 * killed. It reads the folder, which takes long where there are many files. Default: `false`.
 * @throws {StreamrackError} `file-not-found`, also with the codes `invalid-argument` (it is a folder) and
 * `permission-denied`; `resource-exhausted` if the disk is full.
 */
export async function toFile(target: string | URL, options: { readonly tidy?: boolean } = {}): Promise<ByteSink> {
  const path = pathText(target);
  try {
    const existing = await stat(path).catch(ignoreMissing);
    if (existing?.isDirectory()) throw Object.assign(new Error("a folder"), { code: "EISDIR" });
    if (existing !== undefined && !existing.isFile()) return toDevice(path, await open(path, "w"));
    // A symbolic link stays one: the file that it leads to is replaced.
    const place = existing === undefined ? path : await realpath(path);
    if (options.tidy === true) await removeLeftovers(place);
    const partial = partialPath(place);
    const file = await open(partial, "wx", existing?.mode ?? 0o666);
    removeAtExit(partial);
    return new NewFile({ name: path, place, partial }, file);
  } catch (thrown) {
    throw systemCode(thrown) === "ENOENT" ? noFolder(path, thrown) : fileError(thrown, path, "be written");
  }
}

function noFolder(path: string, cause: unknown): StreamrackError {
  return new StreamrackError("file-not-found", `"${path}" cannot be written: there is no folder "${dirname(path)}".`, {
    remedy: "Make the folder, or correct the path; it is resolved from the current folder.",
    cause,
  });
}

/** The path of a file that is named by path or URL. */
export function pathText(path: string | URL): string {
  return path instanceof URL ? fileURLToPath(path) : path;
}

/** Memory, in pieces as they come. */
export class MemorySink implements ByteSink {
  readonly name: string;
  #parts: Uint8Array[] = [];
  #bytes = 0;

  constructor(name: string) {
    this.name = name;
  }

  write(bytes: Uint8Array): Promise<void> {
    this.#parts.push(bytes.slice());
    this.#bytes += bytes.length;
    return Promise.resolve();
  }

  readonly writeStart = (bytes: Uint8Array): Promise<void> => {
    const whole = this.toBytes();
    whole.set(bytes);
    this.#parts = [whole];
    return Promise.resolve();
  };

  /** Everything that was written. */
  toBytes(): Uint8Array<ArrayBuffer> {
    const whole = new Uint8Array(this.#bytes);
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }

  commit(): Promise<void> {
    return Promise.resolve();
  }

  discard(): Promise<void> {
    return Promise.resolve();
  }
}

function toDevice(path: string, file: FileHandle): ByteSink {
  let closing: Promise<void> | undefined;
  const close = () => closing ??= file.close();
  return { name: path, write: (bytes) => writeFully(file, bytes, path), commit: close, discard: close };
}

interface NewFilePaths {
  /** As the user wrote it. */
  readonly name: string;
  readonly place: string;
  readonly partial: string;
}

class NewFile implements ByteSink {
  readonly name: string;
  readonly #paths: NewFilePaths;
  readonly #file: FileHandle;
  #ended = false;

  constructor(paths: NewFilePaths, file: FileHandle) {
    this.name = paths.name;
    this.#paths = paths;
    this.#file = file;
  }

  write(bytes: Uint8Array): Promise<void> {
    return writeFully(this.#file, bytes, this.name);
  }

  readonly writeStart = (bytes: Uint8Array): Promise<void> => writeFully(this.#file, bytes, this.name, 0);

  async commit(): Promise<void> {
    try {
      await this.#file.close();
      await rename(this.#paths.partial, this.#paths.place);
    } catch (thrown) {
      throw fileError(thrown, this.name, "be written");
    }
    this.#ended = true;
    keepAtExit(this.#paths.partial);
  }

  async discard(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#file.close().catch(() => {}); // It may be closed already, by a commit that failed.
    await rm(this.#paths.partial, { force: true });
    keepAtExit(this.#paths.partial);
  }
}

async function writeFully(file: FileHandle, bytes: Uint8Array, path: string, start?: number): Promise<void> {
  try {
    for (let done = 0; done < bytes.length;) {
      const position = start === undefined ? null : start + done;
      done += (await file.write(bytes, done, bytes.length - done, position)).bytesWritten;
    }
  } catch (thrown) {
    throw fileError(thrown, path, "be written");
  }
}

function ignoreMissing(thrown: unknown): undefined {
  if (systemCode(thrown) !== "ENOENT") throw thrown;
}
