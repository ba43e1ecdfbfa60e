/**
 * Plain tables for the terminal.
 *
 * @module
 */

/** One column of a table. */
export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string | number;
  /** Default: `"left"`; numbers read better on the right. */
  readonly align?: "left" | "right";
}

const GAP = "  ";

/** Renders rows under their titles, columns as wide as their widest cell. */
export function renderTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const lines = [columns.map(({ title }) => title), ...rows.map((row) => columns.map(({ value }) => `${value(row)}`))];
  const widths = columns.map((_, i) => Math.max(...lines.map((cells) => displayWidth(cells[i] as string))));
  const render = (cells: string[]) =>
    cells.map((cell, i) => pad(cell, widths[i] as number, columns[i]?.align ?? "left")).join(GAP).trimEnd();
  const [head = [], ...body] = lines;
  return [render(head), widths.map((width) => "─".repeat(width)).join(GAP), ...body.map(render)].join("\n");
}

function pad(cell: string, width: number, align: "left" | "right"): string {
  const space = " ".repeat(width - displayWidth(cell));
  return align === "left" ? cell + space : space + cell;
}

/** Characters that a reader sees, which may be fewer than the string is long. */
function displayWidth(text: string): number {
  return [...text].length;
}

/** A number with few digits, such as `0.052`, `3.1` or `412`. */
export function fewDigits(value: number): string {
  if (value === 0) return "0";
  if (value >= 100) return value.toFixed(0);
  return value >= 1 ? value.toFixed(1) : value.toFixed(3);
}

const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** A number of bytes, such as `1.4 MiB`. */
export function bytesText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < BYTE_UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${BYTE_UNITS[unit]}`;
}

/** A time span, such as `0.8 s`, `1:05.2` or `2:00:00`. */
export function timeText(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 2 : 1)} s`;
  const tenths = Math.round(seconds * 10);
  const hours = Math.floor(tenths / 36_000);
  const minutes = Math.floor(tenths / 600) % 60;
  const rest = (tenths % 600) / 10;
  const two = (value: number) => `${Math.floor(value)}`.padStart(2, "0");
  if (hours > 0) return `${hours}:${two(minutes)}:${two(rest)}`;
  return `${minutes}:${rest.toFixed(1).padStart(4, "0")}`;
}
