/**
 * What each runtime can enforce on the code of a plugin: known from
 * measurements, because to try it out here would put this process at risk
 * (Deno ends when a worker asks for permissions without its flag, Bun fills the memory).
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
  readonly holds: "yes" | "no" | "with a flag";
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

/** What can be enforced here. */
export function enforcements({ name }: RuntimeIdentity): Enforcement[] {
  const what = {
    memory: "memory limit of a worker",
    time: "hard stop of a worker",
    permissions: "permissions of a worker",
  };
  const stop: Enforcement = { what: what.time, holds: "yes", how: "terminate() ends also an endless loop" };
  switch (name) {
    case "node":
      return [
        { what: what.memory, holds: "yes", how: "resourceLimits; typed arrays are not counted" },
        stop,
        process.allowedNodeEnvironmentFlags.has("--permission")
          ? { what: what.permissions, holds: "yes", how: "execArgv --permission: files, network, processes, workers" }
          : { what: what.permissions, holds: "no", how: "this version has no --permission; update Node" },
      ];
    case "deno":
      return [
        { what: what.memory, holds: "yes", how: "resourceLimits; typed arrays are not counted" },
        stop,
        {
          what: what.permissions,
          holds: "with a flag",
          how: '--unstable-worker-options, or "unstable": ["worker-options"] in deno.json',
        },
      ];
    case "bun":
      return [
        { what: what.memory, holds: "no", how: "resourceLimits is ignored; a limit needs a process of its own" },
        stop,
        { what: what.permissions, holds: "no", how: "Bun has no permission model; a plugin can do what you can" },
      ];
  }
}
