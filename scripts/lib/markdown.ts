/**
 * Links in Markdown.
 *
 * @module
 */

/** A link to another place in the repository. */
export interface Link {
  readonly line: number;
  /** Path as it is written, without the part behind `#`. Empty: the same document. */
  readonly path: string;
  /** What stands behind `#`. */
  readonly anchor: string | undefined;
}

/** All links of a document that do not lead out of the repository. */
export function localLinks(text: string): Link[] {
  return [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(({ 1: target = "", index }) => {
    if (/^[a-z]+:/.test(target)) return [];
    const [path = "", anchor] = target.split("#");
    return [{ line: text.slice(0, index).split("\n").length, path, anchor }];
  });
}

/** The same text with all code blanked out, lines kept. */
export function withoutCode(text: string): string {
  const blank = (code: string) => code.replace(/[^\n]/g, " ");
  return text.replace(/^( *)```[\s\S]*?^\1```$/gm, blank).replace(
    /`[^`\n]*`/g,
    (code) => code.replace(/[[\]()#]/g, " "),
  );
}
