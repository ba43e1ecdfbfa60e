/**
 * Grants: what an application lets a plugin reach, and what of its needs that leaves open.
 *
 * @module
 */

import { displayValue, type Problem } from "../errors.ts";
import { PERMISSION_KINDS, type Permissions } from "./permissions.ts";

/** How an application lets a plugin reach something. */
export interface GrantOptions {
  /**
   * What the plugin may reach of files, network, environment, programs and native code: nothing but this, and the code
   * that it is made of. Relative paths begin at its module, as in its own `permissions`. `{}` grants nothing; `true`
   * gives it the rights of the process, as the application's own code has them.
   *
   * Default: nothing. Only a module of the application's own (named by path or URL, and in no `node_modules` folder)
   * that declares no `permissions` has the rights of the process unasked: it is a part of the application.
   */
  readonly grants?: Permissions | true | undefined;
  /**
   * Whether it runs also where the runtime cannot keep it to its grants. It has then what the runtime cannot refuse,
   * which is said in the log and in `session.metrics()`. Default: it is refused there with `permission-denied`.
   */
  readonly allowUnenforced?: boolean | undefined;
}

/** What a plugin is held to, once that has been settled. */
export interface HeldGrants extends Pick<GrantOptions, "allowUnenforced"> {
  /** Absent: it has the rights of the process. */
  readonly grants?: Permissions | undefined;
}

/**
 * What a plugin needs and was not granted. Paths are compared as they stand:
 * both must be resolved.
 */
export function findUngranted(needed: Permissions, granted: Permissions): Problem[] {
  return PERMISSION_KINDS.flatMap((kind) => {
    const [wanted, given] = [needed[kind], granted[kind]];
    if (wanted === undefined || given === true) return [];
    if (wanted === true) return [{ path: kind, message: "is needed whole", expected: `${kind}: true in its grants` }];
    return wanted.filter((item) => !given?.some((one) => covers(kind, one, item))).map((item) => {
      return { path: kind, message: "is needed", received: displayValue(item), expected: "to be in its grants" };
    });
  });
}

function covers(kind: string, granted: string, item: string): boolean {
  if (granted === item) return true;
  if (kind === "read" || kind === "write") return item.startsWith(granted.endsWith("/") ? granted : `${granted}/`);
  // A host without a port stands for all of its ports.
  return kind === "net" && /^(\[.*\]|[^:]*):\d+$/.test(item) && item.slice(0, item.lastIndexOf(":")) === granted;
}
