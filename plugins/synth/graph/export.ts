/**
 * A DSP graph as a picture: Mermaid for documents, SVG for everything else.
 *
 * @module
 */

import { layoutGraph, type PlacedNode } from "./layout.ts";
import type { DspGraph } from "./schema.ts";

/** A graph as a Mermaid flowchart: sound in full lines, modulation in dotted ones, unused nodes with a broken border. */
export function graphToMermaid(graph: DspGraph): string {
  const { nodes, edges } = layoutGraph(graph);
  // Ids of users may be words of Mermaid, such as "end".
  const name = new Map(nodes.map(({ id }, i) => [id, `n${i}`]));
  const lines = nodes.map(({ id, title, lines, isModulator, isUnused }) => {
    const text = [`<b>${id}</b>`, title, ...lines].join("<br/>");
    return `  ${name.get(id)}${isModulator ? `(["${text}"])` : `["${text}"]`}${isUnused ? ":::unused" : ""}`;
  });
  const styles = nodes.some(({ isUnused }) => isUnused) ? ["  classDef unused stroke-dasharray:4 3,opacity:0.6"] : [];
  const links = edges.map(({ from, to, param }) =>
    `  ${name.get(from)} ${param === undefined ? "-->" : `-. ${param} .->`} ${name.get(to)}`
  );
  return ["flowchart LR", ...lines, ...links, ...styles, ""].join("\n");
}

const BOX_WIDTH = 150;
const BOX_HEIGHT = 74;
const GAP_X = 48;
const GAP_Y = 22;
const MARGIN = 16;

/** A graph as an SVG document. */
export function graphToSvg(graph: DspGraph): string {
  const { nodes, edges, columns, rows } = layoutGraph(graph);
  const width = 2 * MARGIN + columns * (BOX_WIDTH + GAP_X) - GAP_X;
  const height = 2 * MARGIN + rows * (BOX_HEIGHT + GAP_Y) - GAP_Y;
  const place = new Map(nodes.map((node) => [node.id, topLeft(node)]));
  const lines = edges.map(({ from, to, param }) => {
    const [startX, startY] = place.get(from) as Place;
    const [endX, endY] = place.get(to) as Place;
    const [x1, y1, x2, y2] = [startX + BOX_WIDTH, startY + BOX_HEIGHT / 2, endX, endY + BOX_HEIGHT / 2];
    const bend = Math.max(24, Math.abs(x2 - x1) / 2);
    const style = param === undefined
      ? 'stroke="#10847a" stroke-width="2" marker-end="url(#sound)"'
      : 'stroke="#9a6bd0" stroke-width="1.5" stroke-dasharray="5 4" marker-end="url(#modulation)"';
    return `<path d="M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}" fill="none" ${style}/>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="11">`,
    "<defs>",
    marker("sound", "#10847a"),
    marker("modulation", "#9a6bd0"),
    "</defs>",
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...lines,
    ...nodes.map(box),
    "</svg>",
    "",
  ].join("\n");
}

type Place = readonly [x: number, y: number];

function topLeft({ column, row }: PlacedNode): Place {
  return [MARGIN + column * (BOX_WIDTH + GAP_X), MARGIN + row * (BOX_HEIGHT + GAP_Y)];
}

function marker(id: string, colour: string): string {
  return `<marker id="${id}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="${colour}"/></marker>`;
}

function box(node: PlacedNode): string {
  const [x, y] = topLeft(node);
  const [fill, stroke] = node.isModulator ? ["#f5effc", "#9a6bd0"] : ["#f6f8fb", "#5c7498"];
  const look = node.isUnused
    ? `fill="#ffffff" stroke="${stroke}" stroke-dasharray="4 3"`
    : `fill="${fill}" stroke="${stroke}"`;
  const texts = [node.title, ...node.lines].map((line, i) =>
    `<text x="${x + 9}" y="${y + 32 + 12 * i}" fill="#6b778a">${escapeXml(line)}</text>`
  );
  return [
    `<rect x="${x}" y="${y}" width="${BOX_WIDTH}" height="${BOX_HEIGHT}" rx="8" ${look}/>`,
    `<text x="${x + 9}" y="${y + 17}" font-weight="600" fill="#1f2937">${escapeXml(node.id)}</text>`,
    ...texts,
  ].join("");
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
