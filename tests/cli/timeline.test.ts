import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decode } from "fast-png";
import { Canvas } from "../../cli/plot/canvas.ts";
import { PlotRecorder } from "../../cli/plot/recorder.ts";
import { drawTimeline, timelineHeight, timelineOf, type TimelineRow } from "../../cli/plot/timeline.ts";
import { WIDTH } from "../../cli/plot/waveform.ts";
import type { SessionMetrics } from "../../mod.ts";

const WHITE = [255, 255, 255] as const;

function draw(rows: readonly TimelineRow[]): (x: number, y: number) => string {
  const canvas = new Canvas(WIDTH, timelineHeight(rows), WHITE);
  drawTimeline(canvas, rows, 0);
  const { data, channels } = decode(canvas.toPng());
  return (x, y) => [...data.subarray((y * WIDTH + x) * channels, (y * WIDTH + x) * channels + 3)].join(" ");
}

describe("the timeline", () => {
  it("has a row for each node, with a bar where that was at work", () => {
    const at = draw([
      { nodeId: "first", pluginName: "one", spans: [[0, 1]] },
      { nodeId: "second", pluginName: "two", spans: [[1, 2], [2, 2]] },
    ]);
    const [early, late] = [500, 1300];
    const [first, second] = [67, 97];
    assert.notEqual(at(early, first), at(late, first));
    assert.notEqual(at(early, second), at(late, second));
    // Each plugin has a colour of its own, each row a ground of its own.
    assert.notEqual(at(early, first), at(late, second));
    assert.equal(at(early, second), WHITE.join(" "));
  });

  it("counts from when the first node began, and leaves nodes without work empty", () => {
    const node = (nodeId: string, activity?: [number, number][]) => ({ nodeId, pluginName: "p", activity });
    const nodes = { a: node("a", [[5500, 6000]]), b: node("b", [[5000, 5250]]), c: node("c") };
    const rows = timelineOf({ nodes } as unknown as SessionMetrics);
    assert.deepEqual(rows.map(({ spans }) => spans), [[[0.5, 1]], [[0, 0.25]], []]);
  });

  it("has room for long names and for nothing at all", () => {
    const at = draw([{ nodeId: "n".repeat(500), pluginName: "p", spans: [[0, 1]] }]);
    assert.notEqual(at(1000, 67), at(1000, 80));
    draw([{ nodeId: "idle", pluginName: "p", spans: [] }]);
  });

  it("stands below the waveforms", () => {
    const heightOf = (png: Uint8Array) => decode(png).height;
    const rows = [{ nodeId: "a", pluginName: "p", spans: [[0, 1]] as const }];
    const recorder = new PlotRecorder();
    assert.equal(heightOf(recorder.toPng(rows)) - heightOf(recorder.toPng()), timelineHeight(rows));
  });
});
