/**
 * Whether plugins are kept to their grants here, found out by trying: a plugin
 * of ours is described with nothing granted, where everything that was not is
 * tried first.
 *
 * @module
 */

import { StreamrackError } from "../../core/plugin.ts";
import type { Enforcement, RuntimeName } from "./enforcement.ts";

/** What a thread reaches all the same, and a process does not. */
const LEFT_TO_THREADS: { readonly [N in RuntimeName]: string } = {
  node: "files that the host has open can be reached",
  deno: "names of npm packages can carry data out unless it runs with --cached-only, and the host's caches can be read",
  bun: "",
};

/** Tries grants in a thread, and in a child process. */
export function tryGrants(runtime: RuntimeName): Promise<Enforcement[]> {
  return Promise.all([
    tryTier("worker", "grants of a plugin in a thread", runtime),
    tryTier("process", "grants of a plugin in a process", runtime),
  ]);
}

async function tryTier(tier: "worker" | "process", what: string, name: RuntimeName): Promise<Enforcement> {
  const { createDefaultRegistry, createRuntime, StreamingNodeRegistry } = await import("../../mod.ts");
  const source = createDefaultRegistry().find("util.passthrough")?.plugin.source;
  const plugin = source?.tier === "worker" ? source.url : "";
  try {
    const runtime = await createRuntime({
      registry: new StreamingNodeRegistry(),
      plugins: [{ plugin, tier, grants: {} }],
    });
    await runtime.close();
    const kinds = name === "node" ? "net, run and ffi as a whole only" : "each kind by list";
    return { what, holds: "yes", how: tier === "worker" ? `${kinds}; ${LEFT_TO_THREADS[name]}` : kinds };
  } catch (thrown) {
    const { detail } = StreamrackError.from(thrown);
    return { what, holds: "no", how: `${detail}; refused, or let through by allowUnenforced` };
  }
}
