/**
 * Permissions: what a plugin says that it needs beyond computing.
 *
 * @module
 */

import { displayValue, type Problem } from "../errors.ts";

/** The kinds of permissions. */
export const PERMISSION_KINDS = ["read", "write", "net", "env", "run", "ffi"] as const;

/** What can be asked for: reading and writing files, the network, environment variables, programs, native code. */
export type PermissionKind = typeof PERMISSION_KINDS[number];

/**
 * What a plugin needs, by kind: `true` for all of that kind, or a list. A kind
 * that is absent, or whose list is empty, is not needed.
 *
 * | kind            | a list holds                                                                              |
 * | --------------- | ----------------------------------------------------------------------------------------- |
 * | `read`, `write` | files, or folders with all that is in them; relative paths begin at the plugin's module    |
 * | `net`           | hosts, to connect to or to listen on: `"api.example.com"`, or with a port `"[::1]:8080"`   |
 * | `env`           | names of environment variables                                                            |
 * | `run`           | programs, by name or path                                                                 |
 * | `ffi`           | native libraries and add-ons, by path                                                     |
 */
export type Permissions = { readonly [K in PermissionKind]?: true | readonly string[] };

/** Most items of one kind, and most characters of one: descriptions may come from a thread that is not trusted. */
const ITEMS_MAX = 256;
const ITEM_MAX_CHARS = 4_096;

/** Everything that is wrong with permissions as a plugin declares them. */
export function checkPermissions(value: unknown, path: string): Problem[] {
  const problem = (at: string, received: unknown, expected: string): Problem => {
    return { path: at, message: "is not right", received: displayValue(received), expected };
  };
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return [problem(path, value, 'an object such as { read: ["./models"] }')];
  }
  return Object.entries(value).flatMap(([kind, wanted]: [string, unknown]) => {
    const at = `${path}.${kind}`;
    if (!(PERMISSION_KINDS as readonly string[]).includes(kind)) {
      return [problem(at, wanted, `one of ${PERMISSION_KINDS.join(", ")}`)];
    }
    if (wanted === true || wanted === undefined) return [];
    if (!Array.isArray(wanted) || wanted.length > ITEMS_MAX) {
      return [problem(at, wanted, `true, or an array of at most ${ITEMS_MAX} texts`)];
    }
    // Array.from, since flatMap passes over holes. A NUL or a comma would end the item in what is handed to a runtime.
    return Array.from(wanted as readonly unknown[]).flatMap((item, i) =>
      typeof item === "string" && item !== "" && item.length <= ITEM_MAX_CHARS && !/[\0,]/.test(item)
        ? []
        : [problem(`${at}[${i}]`, item, `a text of at most ${ITEM_MAX_CHARS} characters, without NUL and comma`)]
    );
  });
}

/** A copy with the kinds in one order, and without those that are not needed. */
export function normalizePermissions(permissions: Permissions): Permissions {
  return Object.fromEntries(PERMISSION_KINDS.flatMap((kind) => {
    const wanted = permissions[kind];
    if (wanted === undefined || (wanted !== true && wanted.length === 0)) return [];
    return [[kind, wanted === true ? true : [...new Set(wanted)].sort()] as const];
  }));
}
