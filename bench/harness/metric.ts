/**
 * What is known of metrics by their names.
 *
 * @module
 */

/** A metric, as it is shown. */
export interface MetricInfo {
  readonly title: string;
  readonly higherIsBetter: boolean;
}

/** All metrics of all cases. */
export const METRICS: Readonly<Record<string, MetricInfo>> = {
  chunksPerSecond: { title: "chunks/s", higherIsBetter: true },
  megabytesPerSecond: { title: "MB/s", higherIsBetter: true },
  cpuUsPerChunk: { title: "CPU µs/chunk", higherIsBetter: false },
  p50Us: { title: "p50 µs", higherIsBetter: false },
  p99Us: { title: "p99 µs", higherIsBetter: false },
  usPerChunk: { title: "µs/chunk", higherIsBetter: false },
  timesRealtime: { title: "× real time", higherIsBetter: true },
  cpuMsPerAudioSecond: { title: "CPU ms per second of audio", higherIsBetter: false },
  callMs: { title: "call ms", higherIsBetter: false },
  shareOfRenderer: { title: "of the bare renderer", higherIsBetter: true },
  shareOfWorker: { title: "of a bare worker", higherIsBetter: true },
  firstBlockMs: { title: "first block ms", higherIsBetter: false },
  lateBlocks: { title: "late blocks", higherIsBetter: false },
  slowBlocks: { title: "slow blocks", higherIsBetter: false },
  missedBlocks: { title: "missed blocks", higherIsBetter: false },
  cpuLoad: { title: "share of a processor", higherIsBetter: false },
  firstChunkMs: { title: "first chunk ms", higherIsBetter: false },
  p99Ms: { title: "p99 ms", higherIsBetter: false },
  kibPerSession: { title: "KiB/session", higherIsBetter: false },
  peakMib: { title: "peak MiB", higherIsBetter: false },
  mibPerWorker: { title: "MiB/worker", higherIsBetter: false },
  bufferBytesPerChunk: { title: "buffer B/chunk", higherIsBetter: false },
  heapBytesPerChunk: { title: "heap B/chunk", higherIsBetter: false },
  rssBytesPerChunk: { title: "RSS B/chunk", higherIsBetter: false },
};

/** Title of a metric; its name if it has none. */
export function metricTitle(name: string): string {
  return METRICS[name]?.title ?? name;
}

/** Whether more of a metric is better. */
export function isHigherBetter(name: string): boolean {
  return METRICS[name]?.higherIsBetter ?? false;
}
