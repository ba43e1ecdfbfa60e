/**
 * What limits hold for the code of a plugin, by runtime: known from
 * measurements, because to try them out here would put this process at risk
 * (a heap limit that is ignored fills the memory).
 *
 * @module
 */

import process from "node:process";

/** The three runtimes. */
export type RuntimeName = "deno" | "bun" | "node";

/** The runtime that this is. */
export interface RuntimeIdentity {
  readonly name: RuntimeName;
  readonly version: string;
}

/** One kind of limit, and whether it holds here. */
export interface Enforcement {
  readonly what: string;
  readonly holds: "yes" | "no";
  readonly how: string;
}

/** Tells which runtime this is. Deno and Bun also name a Node version, which they imitate. */
export function identifyRuntime(
  versions: { readonly [name: string]: string | undefined } = process.versions,
): RuntimeIdentity {
  for (const name of ["deno", "bun"] as const) {
    const version = versions[name];
    if (version !== undefined) return { name, version };
  }
  return { name: "node", version: versions["node"] ?? "unknown" };
}

/** What is enforced here, by this version of Streamrack. */
export function enforcements({ name }: RuntimeIdentity): Enforcement[] {
  return [
    { what: "memory limit of a worker", ...HEAP_LIMIT[name] },
    { what: "hard stop of a worker", holds: "yes", how: "terminate() ends also an endless loop" },
  ];
}

/** Where `maxHeapMb` is refused, it would not be kept, or not be told. */
const HEAP_LIMIT: { readonly [N in RuntimeName]: Pick<Enforcement, "holds" | "how"> } = {
  node: { holds: "yes", how: "maxHeapMb; typed arrays are not counted" },
  deno: { holds: "no", how: "Deno stops the thread, but does not tell if a message was being handled" },
  bun: { holds: "no", how: "Bun ignores the limit" },
};
