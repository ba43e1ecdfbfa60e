/**
 * What `deno doc` says about the public entries, which are the `exports` of
 * `deno.json`.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runtimePath } from "../toolchain.ts";
import { ROOT } from "./files.ts";
import { runProcess } from "./run_process.ts";

const DEADLINE_MS = 120_000;

/** A way into the package. */
export interface PublicEntry {
  /** What follows the package's name in an import, such as `./plugin`; `.` for the root. */
  readonly name: string;
  /** Source file, from the root. */
  readonly file: string;
}

/** One thing that a reader of the documentation sees. */
export interface DocumentedItem {
  /** Qualified name, such as `Session.send`. */
  readonly name: string;
  /** What it is, in the words of `deno doc`, such as `interface` or `property`. */
  readonly kind: string;
  /** Source file, from the root where it lies below it. */
  readonly file: string;
  /** Line in that file, from 1. */
  readonly line: number;
  /** Prose of its docstring; empty if there is none. */
  readonly doc: string;
  /** Whether its type is, or may be, a number. */
  readonly isNumber: boolean;
}

/** The entries that hold code, in the order of `deno.json`. */
export async function publicEntries(root: string = ROOT): Promise<PublicEntry[]> {
  const config: { exports: Record<string, string> } = JSON.parse(await readFile(join(root, "deno.json"), "utf8"));
  return Object.entries(config.exports)
    .filter(([, file]) => file.endsWith(".ts"))
    .map(([name, file]) => ({ name, file: file.replace(/^\.\//, "") }));
}

/** The documentation of some files as text, as `deno doc` prints it. */
export function docText(files: readonly string[], root: string = ROOT): Promise<string> {
  return denoDoc(files, root);
}

/** Everything that some files export, with the members of it. */
export async function documentedItems(files: readonly string[], root: string = ROOT): Promise<DocumentedItem[]> {
  const { nodes }: DocJson = JSON.parse(await denoDoc(["--json", ...files], root));
  const items: DocumentedItem[] = [];
  for (const module of Object.values(nodes)) {
    for (const { name, declarations } of module.symbols) {
      for (const declaration of declarations) {
        // A re-export: the symbol itself stands beside it.
        if (declaration.kind !== "reference") items.push(...describe(name, declaration, root));
      }
    }
  }
  return items;
}

interface DocJson {
  readonly nodes: Readonly<Record<string, { readonly symbols: readonly DocSymbol[] }>>;
}

interface DocSymbol {
  readonly name: string;
  readonly declarations: readonly DocNode[];
}

interface DocNode {
  readonly kind: string;
  readonly name?: string;
  readonly location: { readonly filename: string; readonly line: number };
  readonly jsDoc?: { readonly doc?: string };
  readonly accessibility?: string;
  readonly isOverride?: boolean;
  readonly tsType?: unknown;
  readonly def?: {
    readonly properties?: readonly DocNode[];
    readonly methods?: readonly DocNode[];
    readonly tsType?: unknown;
  };
}

function describe(name: string, node: DocNode, root: string): DocumentedItem[] {
  const members = [
    ...(node.def?.properties ?? []).map((member) => ({ member, kind: "property" })),
    ...(node.def?.methods ?? []).map((member) => ({ member, kind: "method" })),
  ];
  const isPublic = (member: DocNode) => member.accessibility === undefined || member.accessibility === "public";
  return [
    item(name, node.kind, node, root),
    ...members.filter(({ member }) => isPublic(member) && member.isOverride !== true)
      .map(({ member, kind }) => item(`${name}.${member.name ?? ""}`, kind, member, root)),
  ];
}

function item(name: string, kind: string, node: DocNode, root: string): DocumentedItem {
  const path = node.location.filename.startsWith("file:")
    ? fileURLToPath(node.location.filename)
    : node.location.filename;
  return {
    name,
    kind,
    file: path.startsWith(root) ? path.slice(root.length + 1) : path,
    line: node.location.line,
    doc: node.jsDoc?.doc?.trim() ?? "",
    isNumber: mayBeNumber(node.tsType ?? node.def?.tsType),
  };
}

/** Looks at the type itself and at the members of a union, not into objects. */
function mayBeNumber(type: unknown): boolean {
  if (typeof type !== "object" || type === null) return false;
  const { kind, value } = type as { kind?: unknown; value?: unknown };
  if (kind === "keyword") return value === "number" || value === "bigint";
  return kind === "union" && Array.isArray(value) && value.some(mayBeNumber);
}

async function denoDoc(args: readonly string[], root: string): Promise<string> {
  const command = await runtimePath("deno");
  const env = { NO_COLOR: "1" };
  const result = await runProcess({
    command,
    args: ["doc", "--quiet", ...args],
    cwd: root,
    env,
    deadlineMs: DEADLINE_MS,
  });
  if (!result.ok) throw new Error(`deno doc ${args.join(" ")}: ${result.ending}\n${result.output.trim()}`);
  return result.stdout;
}
