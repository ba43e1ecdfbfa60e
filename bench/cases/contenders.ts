/**
 * Groups of contenders, by the names of their files.
 *
 * @module
 */

/** Packages that send work to threads. */
export const LIBRARIES = ["piscina", "tinypool", "workerpool", "poolifier", "comlink", "threads"] as const;

/** Everybody. */
export const ALL = ["streamrack", "port", "ring", ...LIBRARIES, "main"] as const;
