/** Whether this runtime holds plugins to their grants, for tests of it. */

import { describe, it } from "node:test";
import { runtimeInfo } from "../../workers/adapters/runtime_info.ts";
import { NODE_SINCE } from "../../workers/box/gaps.ts";

const { name, version } = runtimeInfo();

/** Whether it does. */
export const ENFORCES: boolean = name === "deno" || (name === "node" && Number.parseInt(version) >= NODE_SINCE);

/** For the options of a test: `false`, or why it does not. */
export const NOT_HELD: string | false = ENFORCES
  ? false
  : `${name} ${version} cannot hold grants; that it refuses them, other tests show`;

/**
 * A group of tests on plugins that are held to their grants. Where none can be held it is one test that is skipped, and
 * whose name says why: of groups, and of reasons, Bun reports nothing.
 */
export function describeHeld(group: string, body: () => void): void {
  if (NOT_HELD === false) describe(group, body);
  else it(`${group} (${NOT_HELD})`, { skip: NOT_HELD }, () => {});
}
