/**
 * What a runtime cannot keep a plugin from, though it was not granted.
 *
 * @module
 */

import type { PermissionKind, Permissions } from "../../core/node/permissions.ts";
import { type RuntimeInfo, runtimeInfo } from "../adapters/runtime_info.ts";
import { hasWorkerPermissions } from "./worker_permissions.ts";

/** The first Node in which the probe of a box finds every kind refused. */
export const NODE_SINCE = 25;

/** Where a runtime does less than some grants ask. */
export interface Gap {
  /** Why, as a sentence without a full stop. */
  readonly detail: string;
  /** What would help. */
  readonly remedy: string;
  /** Whether nothing at all is kept from the plugin. */
  readonly isOpen: boolean;
  /** Kinds that were granted in part, and can be granted as a whole only. */
  readonly wholeOnly: readonly PermissionKind[];
}

/** Node's flags know all or nothing of these. */
const WHOLE_ON_NODE = ["net", "run", "ffi"] as const;

/** What is missing on a runtime, by default this one, to keep a plugin to its grants; nothing if they hold. */
export function findGap(
  tier: "worker" | "process",
  grants: Permissions,
  { name, version }: Pick<RuntimeInfo, "name" | "version"> = runtimeInfo(),
): Gap | undefined {
  const place = tier === "worker" ? "a thread" : "a child process";
  const detail = `${name} ${version} cannot keep ${place} from what was not granted to it`;
  if (name === "bun") return open(detail, "Run it on Deno or Node, which can.");
  if (name === "deno") {
    if (tier === "process" || hasWorkerPermissions()) return undefined;
    return open(
      `${detail} without its flag --unstable-worker-options`,
      'Give it a process of its own by tier: "process", or set "unstable": ["worker-options"] in your deno.json.',
    );
  }
  if (Number.parseInt(version) < NODE_SINCE) return open(detail, `Run it on Node ${NODE_SINCE} or later, or on Deno.`);
  const wholeOnly = WHOLE_ON_NODE.filter((kind) => Array.isArray(grants[kind]) && grants[kind].length > 0);
  if (wholeOnly.length === 0) return undefined;
  return {
    detail: `${name} ${version} cannot grant ${wholeOnly.join(", ")} in part`,
    remedy: 'Grant these as a whole (true), or run it on Deno by tier: "process".',
    isOpen: false,
    wholeOnly,
  };
}

function open(detail: string, remedy: string): Gap {
  return { detail, remedy, isOpen: true, wholeOnly: [] };
}
