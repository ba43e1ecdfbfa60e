/**
 * What a thread of a pool loads first, to load the entry of workers in the
 * quickest way.
 *
 * Piscina tries `require` before `import`. On Deno a `require` from within a
 * package translates every TypeScript module that it can reach anew, which
 * adds 0.1 s to the start of a thread; what is imported comes from a cache. So
 * nothing is in reach here, not even by an `import` with a literal.
 *
 * @module
 */

import type { DescribeResult, SegmentResult, WorkerTask } from "./protocol.ts";

/** Both forms are spelled out, for packers. */
const ENTRY_URL = import.meta.url.endsWith(".ts")
  ? new URL("./entry.ts", import.meta.url)
  : new URL("./entry.js", import.meta.url);

const loading: Promise<typeof import("./entry.ts")> = import(ENTRY_URL.href);
// If it fails, the first task tells.
loading.catch(() => {});

/** Runs one task of a pool to its end. */
export default async function handle(task: WorkerTask): Promise<DescribeResult | SegmentResult> {
  const entry = await loading;
  return await entry.default(task);
}
