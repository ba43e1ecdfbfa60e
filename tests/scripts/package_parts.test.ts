import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { signatures } from "../../scripts/generate_api.ts";
import { readTarball, type TarFile, writeTarball } from "../../scripts/lib/tar.ts";
import { findBrokenLinks, findDangling, findSources, finishPackage, linkedFiles } from "../../scripts/pack.ts";

const file = (path: string, text: string): TarFile => ({ path, bytes: new TextEncoder().encode(text) });

describe("tarballs", () => {
  it("come back as they were written, and the same each time", () => {
    const files = [
      { ...file("package/a.js", "a"), executable: true },
      { ...file("package/b", "b".repeat(512)), executable: false },
      { ...file("package/empty", ""), executable: false },
    ];
    const packed = writeTarball(files);
    assert.deepEqual(readTarball(packed), files);
    assert.deepEqual(writeTarball(files), packed);
  });

  it("refuse a path that is too long", () => {
    assert.throws(() => writeTarball([file("x".repeat(101), "")]), { name: "RangeError", message: /100 bytes/ });
  });
});

describe("finishPackage", () => {
  const raw = {
    name: "@x/y",
    version: "1.0.0",
    exports: {
      ".": { types: "./mod.d.ts", default: "./mod.js" },
      "./cli": { default: "./cli/main.js" },
      "./a.json": { default: "./a.json" },
    },
    dependencies: { b: "^1.0.0" },
  };
  const packed = [
    file("package/package.json", JSON.stringify(raw)),
    file("package/mod.js", `import "b/deep"; import.meta.resolve("@c/d/model.bin"); import("./part.js");`),
    file("package/part.js", `/** doc */ import fs from "node:fs"; new URL("./gone.js", import.meta.url)`),
    file("package/mod.d.ts", ""),
    file("package/mod.ts", ""),
    file("package/cli/main.js", ""),
    file("package/a.json", "{}"),
  ];

  it("adds the command, the oldest Node and what is only looked up", () => {
    const { manifest, files } = finishPackage(packed, { "@c/d": "npm:@c/d@2.0.0" });
    assert.deepEqual(manifest.dependencies, { "@c/d": "^2.0.0", b: "^1.0.0" });
    assert.deepEqual(manifest["bin"], { streamrack: "./cli/main.js" });
    assert.deepEqual(manifest["engines"], { node: ">=20" });
    assert.deepEqual(manifest.exports, { ".": raw.exports["."], "./a.json": "./a.json" });
    assert.ok(files.find(({ path }) => path === "package/cli/main.js")?.executable);
    assert.ok(!files.some(({ path }) => path === "package/mod.ts"));
  });

  it("finds what the package refers to but does not hold", () => {
    const { manifest, files } = finishPackage(packed, { "@c/d": "npm:@c/d@2.0.0" });
    assert.deepEqual(findDangling(manifest, files), [
      "package/part.js refers to ./gone.js, which is not in the package",
    ]);
    const without = findDangling({ ...manifest, dependencies: {} }, files.filter(({ path }) => !path.endsWith("d.ts")));
    assert.equal(without.length, 3);
  });
});

describe("the documents of a package", () => {
  it("are all that README.md leads to", async () => {
    const root = await mkdtemp(join(tmpdir(), "streamrack-documents-"));
    try {
      await mkdir(join(root, "docs/deep"), { recursive: true });
      const texts = {
        "README.md": "[a](docs/a.md#part) [b](https://example.com/b.md) [c](docs/gone.md) [d](#part)",
        "docs/a.md": "[up](../README.md) [deep](deep/) `[no](unread.md)`",
        "docs/deep/one.md": "",
        "docs/deep/two.js": "",
        "docs/deep/two.test.ts": "",
        "docs/unread.md": "",
      };
      for (const [path, text] of Object.entries(texts)) await writeFile(join(root, path), text);
      const found = await linkedFiles("README.md", root);
      assert.deepEqual(found, ["README.md", "docs/a.md", "docs/deep/one.md", "docs/deep/two.js"]);
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  });

  it("may not link to what is not there", () => {
    const files = [
      file("package/README.md", "[a](docs/a.md) [d](docs/) [e](doc) [f](docs) [g](https://example.com)"),
      file("package/docs/a.md", "[gone](gone.png) [up](../README.md#top)"),
    ];
    assert.deepEqual(findBrokenLinks(files), [
      "package/README.md links to package/doc, which is not in the package",
      "package/docs/a.md links to package/docs/gone.png, which is not in the package",
    ]);
  });
});

describe("signatures", () => {
  it("keeps symbols and members, and drops prose and places", () => {
    const text = `Module prose.

Defined in file:///a.ts:1:1

interface A extends B
  Prose of A.

  @example
      code

  readonly id: string
    Prose of id.

Defined in file:///a.ts:9:1

type C = 1 | 2
`;
    const expected = "interface A extends B\n  readonly id: string\ntype C = 1 | 2";
    assert.equal(signatures(text, ["Prose of A.", "Prose of id."]), expected);
  });
});

describe("findSources", () => {
  it("finds documents beside the JavaScript that was made of them", () => {
    const packed = new Set(["package/core/mod.js", "package/core/mod.d.ts"]);
    assert.deepEqual(findSources(["README.md", "examples/a.ts", "core/mod.ts"], packed), ["core/mod.ts"]);
  });
});
