import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { findGaps } from "../../scripts/check_docs.ts";
import { checkExportMap, checkVersions } from "../../scripts/check_exports.ts";
import { compare } from "../../scripts/check_generated.ts";
import { findBreaches } from "../../scripts/check_layers.ts";
import { checkImportMap, findForeignSources } from "../../scripts/check_sources.ts";
import { renderFinding } from "../../scripts/lib/finding.ts";
import { readImports } from "../../scripts/lib/imports.ts";
import { RUNTIME_VERSIONS } from "../../scripts/versions.ts";

const texts = (findings: Parameters<typeof renderFinding>[0][]) => findings.map(renderFinding);

describe("readImports", () => {
  it("reads every form, over several lines, and leaves comments out", () => {
    const text = [
      `/** import { no } from "./comment.ts"; */`,
      `import a, {`,
      `  type B,`,
      `} from "./a.ts";`,
      `// export * from "./no.ts";`,
      `export * from "b";`,
      `import "c/d";`,
      `const e = await import("./e.ts");`,
      `/** doc */ import { f } from "f";`,
    ].join("\n");
    assert.deepEqual(readImports(text), [
      { specifier: "./a.ts", line: 4 },
      { specifier: "b", line: 6 },
      { specifier: "c/d", line: 7 },
      { specifier: "./e.ts", line: 8 },
      { specifier: "f", line: 9 },
    ]);
  });
});

describe("check_layers", () => {
  const breaches = (file: string, specifier: string) =>
    texts(findBreaches(file, `import { x } from "${specifier}";\n`));

  it("lets each room import what is below it", () => {
    const allowed = [
      ["core/flow/gate.ts", "../errors.ts"],
      ["core/pipeline/manifest.ts", "valibot"],
      ["workers/pool.ts", "../core/errors.ts"],
      ["workers/pool.ts", "node:os"],
      ["workers/default_registry.ts", "../plugins/catalog.ts"],
      ["plugins/audio/mod.ts", "../../core/plugin.ts"],
      ["plugins/audio/mod.ts", "./gain.ts"],
      ["plugins/vad/model.ts", "node:fs/promises"],
      ["mod.ts", "./workers/runtime.ts"],
      ["cli/commands/run.ts", "../../mod.ts"],
      ["examples/third_party_plugin/index.js", "@streamrack/core/plugin"],
      ["tests/x.test.ts", "../core/flow/gate.ts"],
      ["bench/contenders/streamrack.ts", "../../mod.ts"],
      ["bench/nodes/plugin.ts", "../contenders/invert.ts"],
      ["bench/harness/run.ts", "../../scripts/lib/files.ts"],
    ] as const;
    for (const [file, specifier] of allowed) assert.deepEqual(breaches(file, specifier), [], `${file} ${specifier}`);
  });

  it("names the breach and what is allowed", () => {
    assert.deepEqual(breaches("core/errors.ts", "../workers/pool.ts"), [
      "core/errors.ts:1  layers: core/ may not import workers/pool.ts: it may import core/",
    ]);
    const refused = [
      ["core/errors.ts", "node:fs"],
      ["core/errors.ts", "piscina"],
      ["workers/pool.ts", "../mod.ts"],
      ["workers/pool.ts", "../plugins/audio/mod.ts"],
      ["plugins/audio/mod.ts", "../../core/errors.ts"],
      ["plugins/audio/mod.ts", "../util/mod.ts"],
      ["plugins/audio/mod.ts", "node:fs/promises"],
      ["cli/main.ts", "../core/errors.ts"],
      ["mod.ts", "./cli/main.ts"],
      ["examples/third_party_plugin/index.js", "../../core/plugin.ts"],
      ["bench/cases/memory.ts", "../../core/flow/gate.ts"],
      ["bench/nodes/plugin.ts", "../../mod.ts"],
    ] as const;
    for (const [file, specifier] of refused) assert.equal(breaches(file, specifier).length, 1, `${file} ${specifier}`);
  });
});

describe("check_docs", () => {
  const item = { name: "x", kind: "property", file: "core/a.ts", line: 7, doc: "", isNumber: false };

  it("asks for prose on symbols, methods and numbers", () => {
    assert.equal(findGaps([{ ...item, kind: "interface" }, { ...item, kind: "method" }]).length, 2);
    assert.match(
      texts(findGaps([{ ...item, isNumber: true }])).join(),
      /core\/a\.ts:7 {2}docs: .*unit, range, default/,
    );
  });

  it("leaves other members to their names", () => {
    assert.deepEqual(findGaps([item, { ...item, kind: "class", doc: "A thing." }]), []);
  });
});

describe("check_exports", () => {
  it("finds exports without a file, and plugins without an export", () => {
    const config = { version: "1.0.0", exports: { ".": "./mod.ts", "./plugins/a": "./plugins/a/mod.ts" } };
    const found = texts(checkExportMap(config, ["plugins/a/mod.ts", "plugins/b/mod.ts"]));
    assert.equal(found.length, 2);
    assert.match(found[0] ?? "", /"\." names \.\/mod\.ts, which is not there/);
    assert.match(found[1] ?? "", /add "\.\/plugins\/b": "\.\/plugins\/b\/mod\.ts"/);
    assert.deepEqual(checkExportMap(config, ["mod.ts", "plugins/a/mod.ts"]), []);
  });

  it("finds versions that differ from the listed ones", () => {
    const text = `npx -y deno@${RUNTIME_VERSIONS.deno} task demo\nnpx -y deno@1.2.3 task test\n`;
    assert.deepEqual(texts(checkVersions("README.md", text, "1.0.0")), [
      `README.md:2  exports: deno@1.2.3, but scripts/versions.ts says ${RUNTIME_VERSIONS.deno}`,
    ]);
    assert.equal(checkVersions("cli/version.ts", `export const VERSION = "0.9.0";`, "1.0.0").length, 1);
  });
});

describe("check_generated", () => {
  it("tells what changed, appeared and went, and where", () => {
    const before = new Map([["a", "1\n2\n"], ["b", "1"], ["c", "1"]]);
    const after = new Map([["a", "1\n3\n"], ["b", "1"], ["d", "1"]]);
    const found = compare(before, after).map(({ file, line, message }) => `${file}:${line} ${message.split(";")[0]}`);
    assert.deepEqual(found, ["a:2 it was out of date", "c:1 it is no longer generated", "d:1 it was missing"]);
  });
});

describe("check_sources", () => {
  it("refuses imports with a scheme, and hosts of packages", () => {
    const text = `import a from "npm:a@1.0.0";\nimport b from "https://example.org/b.ts";\nimport c from "node:fs";\n`;
    assert.equal(findForeignSources("x.ts", text).length, 2);
    assert.equal(findForeignSources("x.md", "see https://esm.sh/x\n").length, 1);
  });

  it("asks for exact npm versions", () => {
    const imports = { a: "npm:a@1.2.3", "@b/c": "npm:@b/c@1.0.0", d: "npm:d@^1.0.0", e: "jsr:@e/e@1.0.0" };
    assert.deepEqual(checkImportMap(imports).map(({ message }) => message.split(" ")[0]), ['"d"', '"e"']);
  });
});
