/**
 * Counts test results from a JUnit report, the one form that `deno test`,
 * `bun test` and `node --test` all write.
 *
 * @module
 */

/** What a report says, one entry per test that is not itself a group. */
export interface TestCounts {
  /** Tests that held. */
  readonly passed: number;
  /** Tests that did not. */
  readonly failed: number;
  /** Tests that did not run, with the reason where the runtime reports one. */
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
}

interface TestCase {
  readonly name: string;
  readonly body: string;
}

/** Counts the tests of the report on one file. */
export function countTests(xml: string, file: string): TestCounts {
  // Node reports a file that holds no test, or does not load, as one test of its name.
  const cases = readCases(xml).filter(({ name }) => name !== file);
  const names = cases.map(({ name }) => name);
  // Deno also reports every group as a test: "group", beside "group > test".
  const tests = cases.filter(({ name }) => !names.some((other) => other.startsWith(`${name} > `)));
  const failed = tests.filter(({ body }) => /<(failure|error)\b/.test(body)).length;
  const skipped = tests.flatMap(({ name, body }) => {
    const attributes = /<skipped\b([^>]*)/.exec(body)?.[1];
    if (attributes === undefined) return [];
    const reason = /message="([^"]*)"/.exec(attributes)?.[1] ?? "";
    return [{ name, reason: reason === "true" ? "" : unescapeXml(reason) }];
  });
  return { passed: tests.length - failed - skipped.length, failed, skipped };
}

function readCases(xml: string): TestCase[] {
  const cases: TestCase[] = [];
  // Attribute values may hold a bare ">", so they are matched whole.
  for (const match of xml.matchAll(/<testcase\b((?:[^">]|"[^"]*")*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g)) {
    const name = /\bname="([^"]*)"/.exec(match[1] ?? "")?.[1] ?? "";
    cases.push({ name: unescapeXml(name), body: match[2] ?? "" });
  }
  return cases;
}

function unescapeXml(text: string): string {
  return text.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&quot;/g, '"').replace(/&apos;/g, "'")
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code))).replace(/&amp;/g, "&");
}
