/** Whether this runtime holds plugins to their grants, for tests of it. */

import { describe, it } from "node:test";
import { runtimeInfo } from "../../workers/adapters/runtime_info.ts";
import { NODE_SINCE } from "../../workers/box/gaps.ts";

const { name, version } = runtimeInfo();

/** Whether it does. */
export const ENFORCES: boolean = name === "deno" || (name === "node" && Number.parseInt(version) >= NODE_SINCE);

/** Why it does not; `false` where it does. */
const NOT_HELD: string | false = ENFORCES
  ? false
  : `${name} ${version} cannot hold grants; that it refuses them, other tests show`;

/** A test of what only one runtime has; elsewhere its name says so, since Bun reports no reason. */
export function itOn(runtime: "deno" | "bun" | "node", test: string, body: () => void | Promise<void>): void {
  const skip = name === runtime ? false : `only ${runtime} has what it is about`;
  it(skip === false ? test : `${test} (${skip})`, { skip }, body);
}

/** A test on plugins that are held to their grants. Where none can be held, its name says why: Bun reports no reason. */
export function itHeld(test: string, body: () => Promise<void>): void {
  it(NOT_HELD === false ? test : `${test} (${NOT_HELD})`, { skip: NOT_HELD }, body);
}

/** A group of such tests; a single one where none can be held, since Bun reports no group that is skipped. */
export function describeHeld(group: string, body: () => void): void {
  if (NOT_HELD === false) describe(group, body);
  else itHeld(group, () => Promise.resolve());
}
