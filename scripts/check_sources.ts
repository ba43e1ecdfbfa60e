/**
 * Checks where code comes from: packages by their bare names, which deno.json
 * maps to exact npm versions, and nothing by URL. So one file lists all
 * dependencies, a mirror of npm is enough to build everything, and Node and
 * Bun resolve the same names.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Finding, reportFindings } from "./lib/finding.ts";
import { findFiles, ROOT } from "./lib/files.ts";
import { readImports } from "./lib/imports.ts";
import { runScript } from "./lib/run_script.ts";

const RULE = "sources";
/** Hosts that serve packages: none is to be named, .npmrc decides. */
const HOSTS = /\b(?:registry\.npmjs|registry\.yarnpkg|npm\.jsr|esm\.sh|unpkg\.com|jsdelivr\.net|deno\.land)\b/;

/** Breaches in the text of one file. */
export function findForeignSources(file: string, text: string): Finding[] {
  const findings: Finding[] = [];
  for (const { specifier, line } of /\.[jt]s$/.test(file) ? readImports(text) : []) {
    if (!/^(?:jsr|npm|https?):/.test(specifier)) continue;
    findings.push({ file, line, rule: RULE, message: `import ${specifier} by a bare name that deno.json maps` });
  }
  text.split("\n").forEach((content, index) => {
    const host = HOSTS.exec(content)?.[0];
    if (host === undefined) return;
    findings.push({
      file,
      line: index + 1,
      rule: RULE,
      message: `do not name ${host}: .npmrc says where packages are`,
    });
  });
  return findings;
}

/** Entries of the import map that are not an exact npm version. */
export function checkImportMap(imports: Readonly<Record<string, string>>, file = "deno.json"): Finding[] {
  return Object.entries(imports).filter(([, target]) => !/^npm:(?:@[^/]+\/)?[^@/]+@\d+\.\d+\.\d+$/.test(target))
    .map(([name, target]) => ({
      file,
      rule: RULE,
      message: `"${name}" is mapped to ${target}: expected npm:<package>@<exact version>`,
    }));
}

async function main(): Promise<number> {
  const files = await findFiles("", (path) => /\.(?:ts|js|mjs|json|md|ya?ml)$|^\.ci\/run$/.test(path));
  // The fragments of these tests are breaches on purpose.
  const read = files.filter((path) => !path.startsWith("tests/scripts/"));
  const findings = await Promise.all(
    read.map(async (file) => findForeignSources(file, await readFile(join(ROOT, file), "utf8"))),
  );
  const maps = files.filter((path) => /(^|\/)deno\.json$/.test(path));
  for (const file of maps) {
    const { imports = {} }: { imports?: Record<string, string> } = JSON.parse(await readFile(join(ROOT, file), "utf8"));
    findings.push(checkImportMap(imports, file));
  }
  return reportFindings(`sources of ${read.length} files`, findings.flat());
}

if (import.meta.main) await runScript(main);
