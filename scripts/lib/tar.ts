/**
 * Reads and writes tarballs of npm packages: plain files with short paths,
 * gzipped. Written ones hold no times and no owners, so that the same content
 * gives the same bytes.
 *
 * @module
 */

import { gunzipSync, gzipSync } from "node:zlib";

/** A file in a tarball. */
export interface TarFile {
  /** Path in the tarball, at most 100 bytes. */
  readonly path: string;
  /** Its content. */
  readonly bytes: Uint8Array;
  /** Whether it may be run as a program. Default: no. */
  readonly executable?: boolean;
}

const BLOCK = 512;
const REGULAR_FILE = "0";
/** Offset and length of the fields of a header that are used here. */
const FIELDS = {
  path: [0, 100],
  mode: [100, 8],
  owner: [108, 8],
  group: [116, 8],
  size: [124, 12],
  time: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  magic: [257, 8],
} as const;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Unpacks a gzipped tarball.
 *
 * @throws {Error} If an entry is not a plain file with a short path.
 */
export function readTarball(packed: Uint8Array): TarFile[] {
  const bytes = new Uint8Array(gunzipSync(packed));
  const files: TarFile[] = [];
  for (let offset = 0; offset + BLOCK <= bytes.length && bytes[offset] !== 0;) {
    const header = bytes.subarray(offset, offset + BLOCK);
    const path = readField(header, "path");
    const type = readField(header, "type");
    // Older writers leave the type of a plain file blank.
    if (type !== REGULAR_FILE && type !== "") {
      throw new Error(`${path}: tar entries of type ${JSON.stringify(type)} are not read`);
    }
    const size = parseInt(readField(header, "size"), 8);
    const executable = (parseInt(readField(header, "mode"), 8) & 0o111) !== 0;
    files.push({ path, bytes: bytes.slice(offset + BLOCK, offset + BLOCK + size), executable });
    offset += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}

/**
 * Packs files into a gzipped tarball, in the order given.
 *
 * @throws {RangeError} If a path is too long for the plain form.
 */
export function writeTarball(files: readonly TarFile[]): Uint8Array {
  const blocks = files.flatMap((file) => {
    const padding = new Uint8Array((BLOCK - file.bytes.length % BLOCK) % BLOCK);
    return [tarHeader(file), file.bytes, padding];
  });
  // Two empty blocks end an archive.
  return new Uint8Array(gzipSync(concat([...blocks, new Uint8Array(2 * BLOCK)]), { level: 9 }));
}

function tarHeader({ path, bytes, executable = false }: TarFile): Uint8Array {
  const header = new Uint8Array(BLOCK);
  const put = (field: keyof typeof FIELDS, text: string) => {
    const [offset, length] = FIELDS[field];
    const encoded = encoder.encode(text);
    if (encoded.length > length) throw new RangeError(`${text} is longer than ${length} bytes, the limit of tar`);
    header.set(encoded, offset);
  };
  put("path", path);
  put("mode", executable ? "0000755" : "0000644");
  put("owner", "0000000");
  put("group", "0000000");
  put("size", bytes.length.toString(8).padStart(11, "0"));
  put("time", "00000000000");
  put("type", REGULAR_FILE);
  put("magic", "ustar\x0000");
  // The checksum is taken with its own field blank.
  put("checksum", "        ");
  const sum = header.reduce((total, byte) => total + byte, 0);
  put("checksum", `${sum.toString(8).padStart(6, "0")}\0 `);
  return header;
}

function readField(header: Uint8Array, field: keyof typeof FIELDS): string {
  const [offset, length] = FIELDS[field];
  return decoder.decode(header.subarray(offset, offset + length)).replace(/\0[\s\S]*$/, "");
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
