/**
 * Reads the imports of a source file, without a parser: it leans on the form
 * that `deno fmt` and `deno pack` give them.
 *
 * @module
 */

/** One import or re-export. */
export interface Import {
  /** What is imported: a path, a package name, or a URL. */
  readonly specifier: string;
  /** Line of the specifier, from 1. */
  readonly line: number;
}

const FORMS = [
  /^[ \t]*(?:import|export)\b[^;"']*?\bfrom\s+"([^"]+)"/gm,
  /^[ \t]*import\s+"([^"]+)"/gm,
  /\bimport\(\s*"([^"]+)"/g,
];

/** The code without the comments that begin a line; line numbers hold. */
export function withoutComments(text: string): string {
  return text
    .replace(/^[ \t]*\/\*[\s\S]*?\*\//gm, (comment) => comment.replace(/[^\n]/g, ""))
    .replace(/^[ \t]*\/\/.*$/gm, "");
}

/** Import and export declarations, and `import("…")` of a literal. */
export function readImports(text: string): Import[] {
  const code = withoutComments(text);
  const found = FORMS.flatMap((form) =>
    [...code.matchAll(form)].map((match) => ({
      specifier: match[1] ?? "",
      line: code.slice(0, match.index + match[0].lastIndexOf(match[1] ?? "")).split("\n").length,
    }))
  );
  return found.sort((a, b) => a.line - b.line);
}
