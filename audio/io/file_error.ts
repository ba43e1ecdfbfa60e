/**
 * What went wrong with a file, told from the error code of the system.
 *
 * @module
 */

import { type ErrorCode, StreamrackError } from "../../core/plugin.ts";

/** The system's error code of anything thrown, such as `"ENOENT"`. */
export function systemCode(thrown: unknown): string | undefined {
  const code = (thrown as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : undefined;
}

const CAUSES: { readonly [code: string]: { says: string; remedy: string; code?: ErrorCode } } = {
  ENOENT: {
    says: "there is no such file or folder",
    remedy: "Check the path; it is resolved from the current folder.",
  },
  ENOTDIR: { says: "a part of the path is not a folder", remedy: "Check the path." },
  EISDIR: { says: "it is a folder", remedy: "Name a file.", code: "invalid-argument" },
  EACCES: { says: "access is denied", remedy: "Check the permissions of the file.", code: "permission-denied" },
  EPERM: { says: "access is denied", remedy: "Check the permissions of the file.", code: "permission-denied" },
  EROFS: { says: "the file system is read-only", remedy: "Write somewhere else.", code: "permission-denied" },
};

/** Nothing is wrong with the path: there is no room for what was written. */
const NO_ROOM: { readonly [code: string]: string } = {
  ENOSPC: "the disk is full",
  EDQUOT: "the quota of the disk is used up",
  EFBIG: "the file is larger than its disk allows",
};

/**
 * Turns what a file operation threw into one clear error.
 *
 * @param action What was tried, such as `"be read"`.
 */
export function fileError(thrown: unknown, path: string, action: string): StreamrackError {
  if (StreamrackError.is(thrown)) return thrown;
  const code = systemCode(thrown);
  const noRoom = code === undefined ? undefined : NO_ROOM[code];
  if (noRoom !== undefined) {
    return new StreamrackError("resource-exhausted", `"${path}" cannot ${action}: ${noRoom}.`, {
      remedy: "Free some space, or write somewhere else, and run it again.",
      cause: thrown,
      retryable: false, // a retry helps only once somebody has acted
    });
  }
  const known = code === undefined ? undefined : CAUSES[code];
  if (known === undefined) return StreamrackError.from(thrown, "unknown", { remedy: `"${path}" cannot ${action}.` });
  return new StreamrackError("file-not-found", `"${path}" cannot ${action}: ${known.says}.`, {
    code: known.code,
    remedy: known.remedy,
    cause: thrown,
    // A retry helps only once somebody has acted.
    retryable: false,
  });
}
