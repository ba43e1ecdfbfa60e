/**
 * Which runner comes first.
 *
 * @module
 */

import type { AnyRunnerDefinition, RunnerPriority } from "../definition.ts";

const PRIORITY_SCORES: { readonly [P in RunnerPriority]: number } = { high: 0, normal: 1, low: 2 };

/**
 * The place of a runner: index of its vendor × 10, and 0, 1 or 2 for its
 * priority. The lowest wins. A vendor that the order does not name comes
 * behind all that it names.
 */
export function scoreOf(
  { vendor, priority = "normal" }: Pick<AnyRunnerDefinition, "vendor" | "priority">,
  vendorOrder: readonly string[],
): number {
  const index = vendorOrder.indexOf(vendor);
  return (index === -1 ? vendorOrder.length : index) * 10 + PRIORITY_SCORES[priority];
}
