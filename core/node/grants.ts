/**
 * Grants: what an application lets a plugin reach, and what of its needs that leaves open.
 *
 * @module
 */

import { displayValue, type Problem } from "../errors.ts";
import { checkPermissions, PERMISSION_KINDS, type Permissions } from "./permissions.ts";

/** What is granted, by the name of the plugin. A plugin that is not named is granted nothing. */
export type Grants = { readonly [pluginName: string]: Permissions };

/** Everything that is wrong with grants as an application gives them. */
export function checkGrants(grants: unknown, path: string): Problem[] {
  if (typeof grants !== "object" || grants === null || Array.isArray(grants)) {
    const expected = 'an object such as { "their-plugin": { net: true } }';
    return [{ path, message: "is not right", received: displayValue(grants), expected }];
  }
  return Object.entries(grants).flatMap(([name, granted]) => checkPermissions(granted, `${path}["${name}"]`));
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
