/** Sessions whose nodes crash. */

import type { Manifest, OpenOptions, Runtime, RuntimeOptions } from "../../mod.ts";
import { chain, testPlugin, withRuntime } from "./runtime.ts";

/** A few restarts, almost without a pause. */
export const QUICK = { maxRestarts: 3, initialDelayMs: 1, maxDelayMs: 5 };
/** Nothing may be lost. */
export const KEEPING: OpenOptions = { delivery: "at-least-once", restart: QUICK };

/** A runtime with the plugin that crashes, and what it logs. */
export function withCrashes(use: (runtime: Runtime) => Promise<void>, options: RuntimeOptions = {}): Promise<void> {
  return withRuntime(use, { maxThreads: 4, onLog: () => {}, ...options, plugins: [testPlugin("crash")] });
}

/** Nodes in a row, each in a segment of its own. */
export function row(...params: Manifest["nodes"][number]["params"][]): Manifest {
  const { nodes, ...rest } = chain(...params.map((each) => ["crash.at", each] as const));
  return { ...rest, nodes: nodes.map((node) => ({ ...node, fuse: false })) };
}

/** The same with more keys on one of the nodes. */
export function withKeys(manifest: Manifest, id: string, keys: Partial<Manifest["nodes"][number]>): Manifest {
  return { ...manifest, nodes: manifest.nodes.map((node) => node.id === id ? { ...node, ...keys } : node) };
}
