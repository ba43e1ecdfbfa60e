/**
 * The box of a plugin: what a thread that runs it may reach, by what the
 * runtime can enforce.
 *
 * @module
 */

import { existsSync, realpathSync } from "node:fs";
import { dirname, join, resolve, sep } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { type Problem, StreamrackError } from "../core/errors.ts";
import { PERMISSION_KINDS, type PermissionKind, type Permissions } from "../core/node/permissions.ts";
import { runtimeInfo } from "./adapters/runtime_info.ts";

/** What the threads of a boxed group are started with. */
export interface Box {
  readonly execArgv: readonly string[];
  readonly env: { readonly [name: string]: string };
  readonly check: BoxCheck;
}

/** What a thread is to close, and then to try, before it loads the plugin. */
export interface BoxCheck {
  /** Kinds of which nothing was granted. */
  readonly denied: readonly PermissionKind[];
  /** A folder that the runtime lets it read unasked. */
  readonly dropRead: string | undefined;
  readonly envNames: readonly string[] | undefined;
}

/** What {@linkcode makeBox} needs. */
export interface BoxOptions {
  readonly pluginUrl: string;
  readonly pluginName: string;
  /** With absolute paths. */
  readonly granted: Permissions;
  readonly workerEntry: URL;
}

/**
 * Makes the box of a plugin.
 *
 * @throws {StreamrackError} `permission-denied` where the runtime cannot enforce it.
 */
export function makeBox({ pluginUrl, pluginName, granted, workerEntry }: BoxOptions): Box {
  refuseUnenforceable(granted, pluginName);
  const readable = granted.read === true ? [] : [...readableFolders(pluginUrl, workerEntry), ...granted.read ?? []];
  const cwd = process.cwd();
  const allow = (flag: string, paths: Permissions["read"]) =>
    paths === true ? [`${flag}=*`] : (paths ?? []).flatMap((path) => [`${flag}=${path}`, `${flag}=${join(path, "*")}`]);
  return {
    execArgv: [
      "--permission",
      // It opens files by itself, wherever they are.
      "--no-experimental-sqlite",
      ...allow("--allow-fs-read", granted.read === true ? true : readable),
      ...allow("--allow-fs-write", granted.write),
      ...(granted.net === true ? ["--allow-net"] : []),
      ...(granted.run === true ? ["--allow-child-process"] : []),
      ...(granted.ffi === true ? ["--allow-addons"] : []),
    ],
    env: Object.fromEntries(
      Object.entries(process.env).filter((entry): entry is [string, string] =>
        entry[1] !== undefined && (granted.env === true || granted.env?.includes(entry[0]) === true)
      ),
    ),
    check: {
      denied: PERMISSION_KINDS.filter((kind) => granted[kind] !== true && (granted[kind]?.length ?? 0) === 0),
      dropRead: granted.read === true || readable.some((path) => isWithin(cwd, path)) ? undefined : cwd,
      envNames: granted.env === true ? undefined : granted.env ?? [],
    },
  };
}

/** The same permissions with absolute paths. Relative ones begin at the plugin's module. */
export function resolvePermissions(permissions: Permissions, pluginUrl: string): Permissions {
  const base = pluginUrl.startsWith("file:") ? dirname(fileURLToPath(pluginUrl)) : process.cwd();
  const absolute = (paths: Permissions["read"]) =>
    paths === undefined || paths === true ? paths : paths.map((path) => resolve(base, path));
  return { ...permissions, read: absolute(permissions.read), write: absolute(permissions.write) };
}

/** Node's flags know all or nothing of these. */
const WHOLE_ON_NODE = ["net", "run", "ffi"] as const;

function refuseUnenforceable(granted: Permissions, pluginName: string): void {
  const { name, version } = runtimeInfo();
  const problems: Problem[] = name === "node"
    ? WHOLE_ON_NODE.filter((kind) => Array.isArray(granted[kind]) && granted[kind].length > 0).map((kind) => {
      return { path: kind, message: "cannot be granted in part here", expected: "true, or nothing" };
    })
    : [];
  if (problems.length === 0 && name === "node" && Number.parseInt(version) >= 24) return;
  throw new StreamrackError(
    "permission-denied",
    `${name} ${version} cannot keep a thread from what was not granted to it`,
    {
      pluginName,
      problems,
      remedy: problems.length > 0
        ? "Grant these kinds whole."
        : "Run on Node 25 or later, or leave the grants out, if you trust the plugin with everything.",
    },
  );
}

/** Where this package has code that workers and plugins import. As an installed package it is among the dependencies. */
const ENGINE_FOLDERS = ["core", "workers", "audio", "package.json"];

/** Where the code of the plugin and the worker is: nothing could be loaded without. */
function readableFolders(pluginUrl: string, workerEntry: URL): string[] {
  const engine = dirname(dirname(fileURLToPath(workerEntry)));
  const folders = [...ENGINE_FOLDERS.map((name) => join(engine, name)), ...dependencyFolders(engine)];
  if (pluginUrl.startsWith("file:")) {
    const own = ownFolder(fileURLToPath(pluginUrl));
    folders.push(own, ...dependencyFolders(own));
  }
  const existing = [...new Set(folders)].filter((folder) => existsSync(folder));
  return [...new Set(existing.flatMap((folder) => [folder, realpathSync(folder)]))];
}

/** The package that a module is of, where it is installed; else the folder that it is in. */
function ownFolder(path: string): string {
  const parts = path.split(sep);
  const at = parts.lastIndexOf("node_modules");
  if (at < 0) return dirname(path);
  return parts.slice(0, at + (parts[at + 1]?.startsWith("@") ? 3 : 2)).join(sep);
}

function dependencyFolders(folder: string): string[] {
  const parent = dirname(folder);
  return [join(folder, "node_modules"), ...(parent === folder ? [] : dependencyFolders(parent))];
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`);
}
