/**
 * The box of a plugin: what the thread or process that runs it may reach, in
 * the form that each runtime takes.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { dirname, join, resolve, sep } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { StreamrackError } from "../../core/errors.ts";
import type { HeldGrants } from "../../core/node/grants.ts";
import { PERMISSION_KINDS, type PermissionKind, type Permissions } from "../../core/node/permissions.ts";
import { findGap } from "./gaps.ts";
import { readableFolders } from "./readable_folders.ts";

/** What the threads of a group, or a child process, are started with. */
export interface Box {
  readonly url: string;
  /** With absolute paths, and what must be readable for the plugin to be loaded. */
  readonly granted: Permissions;
  /** The environment that is left. */
  readonly env: { readonly [name: string]: string };
  readonly check: BoxCheck;
}

/** What a thread or process is to close, and then to try, before it loads the plugin. */
export interface BoxCheck {
  /** Kinds of which nothing was granted. */
  readonly denied: readonly PermissionKind[];
  /** A folder that Node lets it read unasked. */
  readonly dropRead: string | undefined;
  readonly envNames: readonly string[] | undefined;
}

/** Who is to be boxed. */
export interface BoxedPlugin extends HeldGrants {
  readonly tier: "worker" | "process";
  readonly url: string;
}

/** What became of some grants. */
export interface Boxing {
  /** Absent where the plugin has the rights of the process, or nothing can be kept from it. */
  readonly box: Box | undefined;
  /** Whether it reaches more than it was granted. */
  readonly isUnenforced: boolean;
}

/** What remains to a user where a runtime cannot hold grants. */
export const TRUSTED =
  "Or let it run all the same: if it is to be trusted as the application itself, by grants: true; " +
  "held to as much as can be held, by allowUnenforced: true.";

/**
 * Makes the box of a plugin.
 *
 * @throws {StreamrackError} `permission-denied` where the runtime cannot keep it to its grants, unless that is allowed.
 */
export function makeBox({ tier, url, grants, allowUnenforced = false }: BoxedPlugin, workerEntry: URL): Boxing {
  if (grants === undefined) return { box: undefined, isUnenforced: false };
  const gap = findGap(tier, grants);
  if (gap !== undefined && !allowUnenforced) {
    throw new StreamrackError("permission-denied", gap.detail, {
      pluginName: url,
      problems: gap.wholeOnly.map((kind) => {
        return { path: `grants.${kind}`, message: "cannot be granted in part here", expected: "true, or nothing" };
      }),
      remedy: `${gap.remedy} ${TRUSTED}`,
    });
  }
  const held = gap === undefined
    ? grants
    : { ...grants, ...Object.fromEntries(gap.wholeOnly.map((kind) => [kind, true])) };
  return {
    box: gap?.isOpen === true ? undefined : boxOf(resolvePermissions(held, url), url, workerEntry),
    isUnenforced: gap !== undefined,
  };
}

function boxOf(granted: Permissions, url: string, workerEntry: URL): Box {
  const read = granted.read === true ? true : [...readableFolders(url, workerEntry), ...granted.read ?? []];
  const cwd = process.cwd();
  const isCwdReadable = read === true || read.some((path) => isWithin(cwd, path));
  return {
    url,
    granted: { ...granted, read },
    env: grantedEnv(granted.env),
    check: {
      denied: PERMISSION_KINDS.filter((kind) => granted[kind] !== true && (granted[kind]?.length ?? 0) === 0),
      dropRead: isCwdReadable ? undefined : cwd,
      envNames: granted.env === true ? undefined : granted.env ?? [],
    },
  };
}

/** The part of the environment that is granted. */
export function grantedEnv(names: Permissions["env"]): { [name: string]: string } {
  return Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] =>
      entry[1] !== undefined && (names === true || names?.includes(entry[0]) === true)
    ),
  );
}

/** The same permissions with absolute paths. Relative ones begin at the plugin's module. */
export function resolvePermissions(permissions: Permissions, pluginUrl: string): Permissions {
  const base = pluginUrl.startsWith("file:") ? dirname(fileURLToPath(pluginUrl)) : process.cwd();
  const absolute = (paths: Permissions["read"]) =>
    paths === undefined || paths === true ? paths : paths.map((path) => resolve(base, path));
  return { ...permissions, read: absolute(permissions.read), write: absolute(permissions.write) };
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`);
}

/** The box as flags of Node, for a thread or a process. */
export function nodeFlags({ granted }: Box): string[] {
  const allow = (flag: string, paths: Permissions["read"]) =>
    paths === true ? [`${flag}=*`] : (paths ?? []).flatMap((path) => [`${flag}=${path}`, `${flag}=${join(path, "*")}`]);
  return [
    "--permission",
    // It opens files by itself, wherever they are.
    "--no-experimental-sqlite",
    ...allow("--allow-fs-read", granted.read),
    ...allow("--allow-fs-write", granted.write),
    ...(granted.net === true ? ["--allow-net"] : []),
    ...(granted.run === true ? ["--allow-child-process"] : []),
    ...(granted.ffi === true ? ["--allow-addons"] : []),
  ];
}

/** The box as the permissions of a web worker of Deno. Every key is there: what is left out is inherited. */
export function denoPermissions({ granted }: Box): { readonly [key: string]: boolean | readonly string[] } {
  const kinds = PERMISSION_KINDS.map((kind) => {
    const given = granted[kind];
    return [kind, given === undefined || given !== true && given.length === 0 ? false : given] as const;
  });
  return { ...Object.fromEntries(kinds), sys: false, import: false };
}

/** The box as flags of a process of Deno. */
export function denoFlags(box: Box): string[] {
  const flags = Object.entries(denoPermissions(box)).flatMap(([kind, given]) => {
    if (given === false) return [];
    // A comma within an item is written twice.
    const items = given === true ? [] : (given as readonly string[]).map((item) => item.replaceAll(",", ",,"));
    return [given === true ? `--allow-${kind}` : `--allow-${kind}=${items.join(",")}`];
  });
  return [
    "--no-prompt",
    // Without, modules of some hosts, and packages of npm, could be imported, whose names can carry a secret out.
    "--no-remote",
    "--cached-only",
    // Where nothing tells its place, what the host has in localStorage and caches would be the plugin's as well.
    `--location=http://${createHash("sha256").update(box.url).digest("hex").slice(0, 32)}.streamrack.invalid/`,
    ...flags,
  ];
}
