/**
 * Checks that what the public entries export is documented: every symbol,
 * every method, and every number (its docstring says unit, range, default and
 * what absent means).
 *
 * Other members may be left to their name and type, so that docstrings say
 * only what those do not.
 *
 * @module
 */

import { type Finding, reportFindings } from "./lib/finding.ts";
import { type DocumentedItem, documentedItems, publicEntries } from "./lib/public_api.ts";
import { runScript } from "./lib/run_script.ts";

/** What is missing from the documentation of some items. */
export function findGaps(items: readonly DocumentedItem[]): Finding[] {
  return items.filter(needsDoc).map(({ file, line, kind, name, isNumber }) => ({
    file,
    line,
    rule: "docs",
    message: isNumber
      ? `the ${kind} ${name} is a number without a docstring: say its unit, range, default and what absent means`
      : `the ${kind} ${name} has no docstring: say what it is for, in a sentence above it`,
  }));
}

function needsDoc({ doc, kind, name, isNumber }: DocumentedItem): boolean {
  // Prose is asked for: a block with only tags counts as missing.
  if (doc !== "") return false;
  // The module's own docstring speaks for its default export.
  if (name === "default") return false;
  // A member with a symbol for a name is not called by readers.
  if (name.includes("[")) return false;
  return kind !== "property" || isNumber;
}

async function main(): Promise<number> {
  const entries = await publicEntries();
  const items = await documentedItems(entries.map(({ file }) => file));
  return reportFindings(`docs of ${items.length} public items`, findGaps(items));
}

if (import.meta.main) await runScript(main);
