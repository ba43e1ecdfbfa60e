/**
 * The table of nodes at the end of a run.
 *
 * @module
 */

import type { NodeMetrics, SessionMetrics } from "../mod.ts";
import { bytesText, type Column, fewDigits, renderTable } from "./table.ts";

/**
 * Renders the counts and times of every node.
 *
 * @param streamMs How long the session was fed: what the nodes were busy for is shown as a share of it.
 */
export function renderMetrics(metrics: SessionMetrics, streamMs: number): string {
  const columns: Column<NodeMetrics>[] = [
    { title: "node", value: (node) => node.nodeId },
    { title: "type", value: (node) => node.nodeType },
    { title: "plugin", value: (node) => node.pluginName },
    { title: "thread", value: (node) => node.threadId, align: "right" },
    { title: "in", value: (node) => node.itemsIn, align: "right" },
    { title: "out", value: (node) => node.itemsOut, align: "right" },
    { title: "data in", value: (node) => bytesText(node.bytesIn), align: "right" },
    { title: "data out", value: (node) => bytesText(node.bytesOut), align: "right" },
    { title: "p50 ms", value: (node) => fewDigits(node.p50Ms), align: "right" },
    { title: "p99 ms", value: (node) => fewDigits(node.p99Ms), align: "right" },
    { title: "busy", value: (node) => `${Math.round(100 * node.busyMs / streamMs)} %`, align: "right" },
  ];
  return renderTable(columns, Object.values(metrics.nodes));
}
