/**
 * What `deno task test` prints at its end.
 *
 * @module
 */

import type { TestCounts } from "./junit.ts";
import type { TestRuntime } from "./test_runtimes.ts";

/** How one file went on one runtime. */
export interface FileResult extends TestCounts {
  /** Where it ran. */
  readonly runtime: TestRuntime;
  /** Path from the root. */
  readonly file: string;
  /** Time that it took, in ms. */
  readonly elapsedMs: number;
}

/** Such as `12 passed, 1 skipped`. */
export function describeCounts({ passed, failed, skipped }: TestCounts): string {
  const parts = [`${passed} passed`];
  if (failed > 0) parts.push(`${failed} failed`);
  if (skipped.length > 0) parts.push(`${skipped.length} skipped`);
  return parts.join(", ");
}

/** A row per runtime, and under it the tests that were skipped, each with its reason. */
export function summaryTable(runtimes: readonly TestRuntime[], results: readonly FileResult[]): string {
  const rows = [["runtime", "files", "passed", "failed", "skipped", "seconds"]];
  for (const runtime of runtimes) {
    const own = results.filter((result) => result.runtime === runtime);
    const sum = (pick: (result: FileResult) => number) => own.reduce((total, result) => total + pick(result), 0);
    const seconds = (sum((result) => result.elapsedMs) / 1000).toFixed(1);
    const counts = [own.length, sum((r) => r.passed), sum((r) => r.failed), sum((r) => r.skipped.length)];
    rows.push([runtime, ...counts.map(String), seconds]);
  }
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = rows.map((row) =>
    row.map((cell, column) => column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)).join(
      "  ",
    )
  );
  return [...lines, ...skippedLines(results)].join("\n");
}

/** The one line that machines read: `N passed, N failed, N skipped`. */
export function closingLine(results: readonly FileResult[]): string {
  const sum = (pick: (result: FileResult) => number) => results.reduce((total, result) => total + pick(result), 0);
  return `${sum((r) => r.passed)} passed, ${sum((r) => r.failed)} failed, ${sum((r) => r.skipped.length)} skipped`;
}

function skippedLines(results: readonly FileResult[]): string[] {
  const where = new Map<string, { runtimes: string[]; reason: string }>();
  for (const { runtime, file, skipped } of results) {
    for (const { name, reason } of skipped) {
      // Deno prefixes the names of the groups, the others do not: the last part names the test.
      const key = `${file}: ${name.split(" > ").at(-1)}`;
      const entry = where.get(key) ?? { runtimes: [], reason: "" };
      entry.runtimes.push(runtime);
      // Only Node reports why; it is the same test everywhere.
      entry.reason ||= reason;
      where.set(key, entry);
    }
  }
  return [...where].map(([key, { runtimes, reason }]) => {
    // The name itself may tell it.
    const why = reason === "" || key.endsWith(`(${reason})`) ? "" : ` (${reason})`;
    return `skipped on ${[...new Set(runtimes)].join(", ")}: ${key}${why}`;
  });
}
