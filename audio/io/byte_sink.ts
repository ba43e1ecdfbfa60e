/**
 * Where bytes go: a file that appears whole or not at all, or memory.
 *
 * @module
 */

import { type FileHandle, mkdir, open, realpath, rename, rm, rmdir, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
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
 * Makes a file under a temporary name beside its place, and the folders that
 * it needs; `commit` moves it there. Until then a file that is there already
 * stays as it is. A device or FIFO is written to directly.
 *
 * @param options `tidy`: whether temporary files of the same name are looked for that processes have left which were
 * killed. It reads the folder, which takes long where there are many files. Default: `false`.
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
    const firstNewFolder = await mkdir(dirname(place), { recursive: true });
    const file = await open(partial, "wx", existing?.mode ?? 0o666);
    removeAtExit(partial);
    return new NewFile({ name: path, place, partial, firstNewFolder }, file);
  } catch (thrown) {
    throw fileError(thrown, path, "be written");
  }
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
  /** The topmost folder that had to be made, if any. */
  readonly firstNewFolder: string | undefined;
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
    const { partial, place, firstNewFolder } = this.#paths;
    await rm(partial, { force: true });
    keepAtExit(partial);
    if (firstNewFolder !== undefined) await removeEmptyFolders(dirname(place), firstNewFolder);
  }
}

/** Removes folders from the innermost up to the topmost, as far as they are empty. */
async function removeEmptyFolders(innermost: string, topmost: string): Promise<void> {
  const top = resolve(topmost);
  try {
    for (let folder = resolve(innermost); folder.startsWith(top); folder = dirname(folder)) await rmdir(folder);
  } catch {
    // Somebody else has put something there.
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
