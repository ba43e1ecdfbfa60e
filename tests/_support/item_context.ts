import type { ItemContext } from "../../core/plugin.ts";

/** What a node is told of an input, when a test calls its `process` itself. */
export function itemContext(given: Pick<ItemContext, "source" | "signal"> & Partial<ItemContext>): ItemContext {
  return { sequence: 0, missing: 0, attempt: 1, isPartial: false, progress: undefined, ...given };
}
