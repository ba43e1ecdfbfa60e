/**
 * What the tests of the documents read out of Markdown.
 *
 * @module
 */

import { withoutCode } from "../../scripts/lib/markdown.ts";

/** A fenced block of code. */
export interface CodeBlock {
  /** Path of the document from the root. */
  readonly document: string;
  /** Line of its first line of code, from 1. */
  readonly line: number;
  /** The word behind the fence, such as `ts`. */
  readonly language: string;
  readonly code: string;
  /** The name that a first line such as `// fade_in.ts` gives it. */
  readonly fileName: string | undefined;
}

/** All fenced blocks of a document. */
export function codeBlocks(document: string, text: string): CodeBlock[] {
  return [...text.matchAll(/^( *)```([^\n]*)\n([\s\S]*?)^\1```$/gm)].map(({ 2: info = "", 3: code = "", index }) => ({
    document,
    line: text.slice(0, index).split("\n").length + 1,
    language: info.trim(),
    code,
    fileName: /^\/\/ ([\w-]+\.ts)\n/.exec(code)?.[1],
  }));
}

/** The names by which links reach the headings of a document. */
export function anchors(text: string): Set<string> {
  const prose = withoutCode(text);
  return new Set(
    [...prose.matchAll(/^#+ +(.*)$/gm)].map(([, title = ""]) =>
      title.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").trim().replace(/\s/g, "-")
    ),
  );
}
