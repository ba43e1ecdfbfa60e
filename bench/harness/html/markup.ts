/**
 * Pieces of HTML and SVG.
 *
 * @module
 */

/** Text that may stand in HTML and in attributes. */
export function escape(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
}

/** The same, with `code` between backticks. */
export function prose(text: string): string {
  return escape(text).replace(/`([^`]+)`/g, "<code>$1</code>");
}

/** An element with attributes; those that are undefined are left out. Content is taken as it is. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | number | undefined>>,
  content = "",
): string {
  const written = Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined
      ? []
      : [` ${key}="${escape(typeof value === "number" ? String(Math.round(value * 10) / 10) : value)}"`]
  );
  return `<${name}${written.join("")}>${content}</${name}>`;
}

/** A table of cells that are HTML already; the first row is the head. */
export function table(rows: readonly (readonly string[])[], className = ""): string {
  const [head = [], ...body] = rows;
  const row = (cells: readonly string[], name: string) =>
    `<tr>${cells.map((cell) => element(name, {}, cell)).join("")}</tr>`;
  const inner = `<thead>${row(head, "th")}</thead><tbody>${body.map((cells) => row(cells, "td")).join("\n")}</tbody>`;
  // In a box of its own, so that a wide table scrolls and not the page.
  return `<div class="scroll">${element("table", { class: className || undefined }, inner)}</div>`;
}
