import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { ERROR_CODES, ERROR_REASONS, type ErrorReason, StreamrackError } from "../../mod.ts";
import { findFiles, ROOT } from "../../scripts/lib/files.ts";

const text = await readFile(join(ROOT, "docs/errors.md"), "utf8");
const reasons = Object.keys(ERROR_REASONS) as ErrorReason[];

/** The cells of each row of the table below a heading, without the head. */
function tableBelow(heading: string): string[][] {
  const section = text.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  const rows = section.split("\n").filter((line) => line.startsWith("|"));
  return rows.slice(2).map((row) => row.split("|").slice(1, -1).map((cell) => cell.trim().replaceAll("`", "")));
}

describe("docs/errors.md", () => {
  it("has a row for each code, in order", () => {
    assert.deepEqual(tableBelow("Codes").map(([code]) => code), [...ERROR_CODES]);
  });

  it("has a row for each reason, in order, with its code and whether it is retryable", () => {
    const documented = tableBelow("Reasons").map(([reason, code, , , retryable]) => [reason, code, retryable]);
    const actual = reasons.map((reason) => {
      const { code, retryable } = new StreamrackError(reason, "");
      return [reason, code, retryable ? "yes" : "no"];
    });
    assert.deepEqual(documented, actual);
  });

  it("says for each reason when it comes and what to do", () => {
    for (const [reason = "", , when, remedy] of tableBelow("Reasons")) assert.ok(when && remedy, reason);
  });
});

describe("ERROR_REASONS", () => {
  it("names no reason that nothing throws", async () => {
    const files = await findFiles(
      "",
      (path) => /^(core|audio|workers|plugins|testing|cli|remote|runners)\/.*\.ts$/.test(path),
    );
    const sources = await Promise.all(files.map((file) => readFile(join(ROOT, file), "utf8")));
    // As the reason of a new error, or as what something thrown is turned into.
    const thrown = new Set(
      sources.flatMap((source) =>
        [...source.matchAll(/(?:\bnew StreamrackError\(|\b\w*Error\(|\.from\(\w+,|\breason:)\s*"([a-z-]+)"/g)].map((
          [, r],
        ) => r)
      ),
    );
    assert.deepEqual(reasons.filter((reason) => !thrown.has(reason)), []);
  });
});
