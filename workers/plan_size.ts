/**
 * Whether a plan is too large to run: told before anything is made for it.
 *
 * @module
 */

import type { Problem } from "../core/errors.ts";
import type { Plan } from "../core/pipeline/plan.ts";

/** What a session may take up. */
export interface SizeLimits {
  /** Most links: inputs, outputs, and connections between segments. Each has two ports, or two lines of a trunk, and 32 KiB of memory. */
  readonly maxLinks: number;
  /** Most segments of one group, all of which must run at the same time. */
  readonly maxTasksPerGroup: number;
}

/** What a plan has too much of; nothing if it can run. */
export function findExcess({ inputs, outputs, edges, segments }: Plan, limits: SizeLimits): Problem[] {
  const segmentOf = new Map(segments.flatMap((segment) => segment.nodes.map(({ id }) => [id, segment] as const)));
  const links = inputs.length + outputs.length +
    edges.filter(({ from, to }) => segmentOf.get(from.nodeId) !== segmentOf.get(to.nodeId)).length;
  const problems: Problem[] = [];
  if (links > limits.maxLinks) {
    problems.push({
      path: "nodes",
      message: "have too many inputs, outputs and connections between threads",
      received: `${links} links`,
      expected: `at most ${limits.maxLinks} (maxSessionLinks)`,
    });
  }
  const tasks = new Map<string, number>();
  for (const { group, tier } of segments) if (tier !== "inline") tasks.set(group, (tasks.get(group) ?? 0) + 1);
  for (const [group, count] of tasks) {
    if (count <= limits.maxTasksPerGroup) continue;
    problems.push({
      path: "nodes",
      message: `of group "${group}" need more tasks at the same time than its threads take`,
      received: `${count} tasks`,
      expected: `at most ${limits.maxTasksPerGroup} (maxThreads × tasksPerThread), or connections between them`,
    });
  }
  return problems;
}
