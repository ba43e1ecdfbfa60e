import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { JsonSchema } from "../../core/node/describe.ts";
import { PLUGIN_CATALOG } from "../../plugins/catalog.ts";
import { nodeDocs } from "../../scripts/generate_node_docs.ts";
import { ROOT } from "../../scripts/lib/files.ts";

const node = { type: "demo.one", aliases: ["One"], summary: "Does one thing.", align: "zip" } as const;

function docsOf(paramsSchema: Parameters<typeof nodeDocs>[0][number]["nodes"][number]["paramsSchema"]): string {
  const ports = { inputs: { in: ["text", "json"] }, outputs: { out: ["any"] } } as const;
  return nodeDocs([{ name: "demo", version: "1.0.0", apiVersion: 1, nodes: [{ ...node, ...ports, paramsSchema }] }]);
}

describe("nodeDocs", () => {
  it("names plugin, node, aliases, alignment and ports", () => {
    const text = docsOf(undefined);
    assert.match(text, /^## Plugin `demo`$/m);
    assert.match(text, /^### demo\.one$/m);
    assert.match(text, /^Also known as `One`\. Takes one value of each port together\.$/m);
    assert.match(text, /^\| `in` \| in \| text, json \|$/m);
    assert.match(text, /^It has no parameters\.$/m);
  });

  it("tells range, default and meaning of each parameter", () => {
    const properties = {
      level: { type: "number", minimum: -60, maximum: 0, default: -1, description: "Peak | level, \\{." },
      mode: { enum: ["a", "b"], type: "string" },
      names: { type: "array", items: { type: "string", minLength: 1 }, maxItems: 3 },
    };
    const text = docsOf({ type: "object", properties, required: ["mode"] });
    assert.ok(text.includes("| `level` | number, -60 to 0 | `-1` | Peak \\| level, \\\\{. |"), text);
    assert.ok(text.includes("| `mode` | `a`, `b` | required |  |"), text);
    assert.ok(text.includes("| `names` | list of (text, at least 1 characters), at most 3 |  |  |"), text);
  });
});

describe("the nodes of our plugins", () => {
  for (const { description: { nodes } } of PLUGIN_CATALOG) {
    for (const { type, paramsSchema } of nodes) {
      const properties = Object.entries((paramsSchema?.["properties"] ?? {}) as Record<string, JsonSchema>);
      if (properties.length === 0) continue;
      it(`${type} tells what each parameter means`, () => {
        const silent = properties.filter(([, schema]) => typeof schema["description"] !== "string");
        assert.deepEqual(silent.map(([name]) => name), []);
      });
    }
  }
});

describe("README.md", () => {
  it("lists every node type, in the order of the catalogue", async () => {
    const text = await readFile(join(ROOT, "README.md"), "utf8");
    const section = text.split("\n## Node types\n")[1]?.split("\n## ")[0] ?? "";
    const listed = [...section.matchAll(/^\| `([\w.]+)`/gm)].map(([, type]) => type);
    assert.deepEqual(listed, PLUGIN_CATALOG.flatMap(({ description }) => description.nodes.map(({ type }) => type)));
  });
});
