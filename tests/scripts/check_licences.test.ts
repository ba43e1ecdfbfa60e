import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { findPackages, isAllowed, judgePackage } from "../../scripts/check_licences.ts";

describe("isAllowed", () => {
  it("reads SPDX expressions", () => {
    for (const expression of ["MIT", "(MIT OR GPL-3.0-only)", "GPL-2.0 OR ISC", "MIT AND BSD-3-Clause", "(MIT)"]) {
      assert.ok(isAllowed(expression), expression);
    }
    const refused = [
      "GPL-3.0-only",
      "MIT AND LGPL-2.1",
      "",
      "SEE LICENSE IN x",
      "(MIT OR ISC) AND GPL-3.0",
      "UNLICENSED",
    ];
    for (const expression of refused) assert.ok(!isAllowed(expression), expression);
  });
});

describe("check_licences", () => {
  let root = "";

  before(async () => {
    root = await mkdtemp(join(tmpdir(), "streamrack-licences-"));
    const add = async (path: string, manifest: object, licenceText = "") => {
      const folder = join(root, path);
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, "package.json"), JSON.stringify(manifest));
      await writeFile(join(folder, "LICENSE.md"), licenceText);
    };
    await add(".deno/a@1.0.0/node_modules/a", { name: "a", version: "1.0.0", license: "MIT" });
    await add(".deno/@s+b@2.0.0/node_modules/@s/b", { name: "@s/b", version: "2.0.0", license: "GPL-3.0" });
    await add(".deno/@s+b@2.0.0/node_modules/@s/b/node_modules/c", { name: "c", version: "3.0.0" });
    const gnu = "\n        GNU LESSER GENERAL PUBLIC LICENSE\n";
    await add("d", { name: "d", version: "4.0.0", license: "MIT" }, gnu);
    await add("e", { name: "e", version: "5.0.0", license: "MPL-2.0" }, "or the GNU General Public License");
    await symlink(join(root, ".deno/a@1.0.0/node_modules/a"), join(root, "a"), "junction");
  });

  after(() => rm(root, { recursive: true, force: true }));

  it("finds each package once, whoever depends on it", async () => {
    const packages = await findPackages(root);
    assert.deepEqual(packages.map(({ name }) => name), ["@s/b", "a", "c", "d", "e"]);
  });

  it("says what is wrong with which", async () => {
    const packages = await findPackages(root);
    const problems = await Promise.all(packages.map(judgePackage));
    assert.deepEqual(problems.flat(), [
      "@s/b@2.0.0 is GPL-3.0, which is not on the list",
      "c@3.0.0 declares no licence",
      "d@4.0.0 holds a licence of the GNU family in LICENSE.md",
    ]);
  });

  it("finds nothing where nothing is installed", async () => {
    assert.deepEqual(await findPackages(join(root, "nowhere")), []);
  });
});
