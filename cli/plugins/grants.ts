/**
 * `--grant`: what the plugins of the command line may reach.
 *
 * @module
 */

import { resolve } from "node:path";
import { type Permissions, type Problem, StreamrackError } from "../../core/plugin.ts";

/** The kinds, as far as the command line has to tell them from a typo; what they hold is checked where they are used. */
const KINDS: readonly string[] = ["read", "write", "net", "env", "run", "ffi"] satisfies (keyof Permissions)[];

const FORM = "PLUGIN=WHAT, where WHAT is all, none, or kinds with commas between: read:PATH, write:PATH, net:HOST, " +
  "env:NAME, run:PROGRAM, ffi:PATH, or a kind alone for all of it";

/** What one plugin is granted: everything, or lists by kind. */
type Grants = true | { [kind: string]: true | string[] };

/**
 * Reads the values of `--grant`. Paths begin at the current folder.
 *
 * @param plugins The values of `--plugin`, as typed: each grant begins with one of them.
 * @returns By plugin, as typed. Several grants of one plugin add up.
 * @throws {StreamrackError} `invalid-options` with everything that is wrong.
 */
export function parseGrants(texts: readonly string[], plugins: readonly string[]): Map<string, Permissions | true> {
  const granted = new Map<string, Grants>();
  const problems: Problem[] = [];
  for (const text of texts) {
    const refuse = (message: string, expected: string) => {
      problems.push({ path: "--grant", message, received: JSON.stringify(text), expected });
    };
    // The name of one may be the beginning of another's, and hold the sign itself.
    const [plugin] = plugins.filter((name) => text.startsWith(`${name}=`)).sort((a, b) => b.length - a.length);
    if (plugin === undefined) {
      const names = plugins.map((name) => `-p ${name}`).join(", ");
      refuse("names no plugin of -p", names === "" ? "a plugin that -p names as well" : `one of ${names}, then =`);
      continue;
    }
    const grants = parseGrant(text.slice(plugin.length + 1), granted.get(plugin) ?? {});
    if (grants === undefined) refuse("is no grant", FORM);
    else granted.set(plugin, grants);
  }
  if (problems.length > 0) {
    throw new StreamrackError("invalid-options", "a plugin cannot be granted this", { problems });
  }
  return granted as Map<string, Permissions | true>;
}

/** Adds what a text says; `undefined` if it says nothing that can be granted. */
function parseGrant(text: string, before: Grants): Grants | undefined {
  if (text === "all" || (before === true && text === "none")) return true;
  if (text === "none") return before;
  const sum = before === true ? {} : { ...before };
  for (const item of text.split(",")) {
    const [, kind = "", colon, value = ""] = /^([^:]*)(:?)(.*)$/s.exec(item) ?? [];
    if (!KINDS.includes(kind) || (colon === ":" && value === "")) return undefined;
    const known = sum[kind];
    if (colon === "") sum[kind] = true;
    else if (known !== true) sum[kind] = [...known ?? [], kind === "read" || kind === "write" ? resolve(value) : value];
  }
  return before === true ? true : sum;
}
