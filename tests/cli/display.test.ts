import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decode } from "fast-png";
import { Envelope } from "../../cli/plot/envelope.ts";
import { drawWaveforms, tickStep, timeLabel } from "../../cli/plot/waveform.ts";
import { Progress, renderProgress } from "../../cli/progress.ts";
import { bytesText, fewDigits, renderTable, timeText } from "../../cli/table.ts";
import { RuntimeData } from "../../core/data/runtime_data.ts";

describe("tables", () => {
  it("are aligned", () => {
    const columns = [
      { title: "node", value: ([name]: [string, number]) => name },
      { title: "in", value: ([, count]: [string, number]) => count, align: "right" as const },
    ];
    const lines = ["node   in", "────  ───", "ü      12", "long  345"];
    assert.equal(renderTable(columns, [["ü", 12], ["long", 345]]), lines.join("\n"));
  });

  it("numbers, sizes and times have few digits", () => {
    assert.deepEqual([0, 0.0123, 3.14, 412.5].map(fewDigits), ["0", "0.012", "3.1", "413"]);
    assert.deepEqual([0, 1023, 1536, 5 * 1024 ** 3].map(bytesText), ["0 B", "1023 B", "1.5 KiB", "5.0 GiB"]);
    assert.deepEqual([0.5, 12.34, 65.2, 7200].map(timeText), ["0.50 s", "12.3 s", "1:05.2", "2:00:00"]);
  });
});

describe("Progress", () => {
  it("shows share, times and speed", () => {
    assert.equal(renderProgress(30, 60, 3), ` 50 % ${"█".repeat(14)}${"░".repeat(14)} 30.0 s of 1:00.0  10x`);
    assert.equal(renderProgress(30, undefined, 3), "30.0 s  10x");
    assert.match(renderProgress(70, 60, 3), /^100 %/);
  });

  it("draws ten times a second at most, within the width, and only on a terminal", () => {
    const drawn: string[] = [];
    let nowMs = 0;
    const write = (text: string) => drawn.push(text);
    const progress = new Progress(60, { terminal: { isTTY: true, columns: 20, write }, nowMs: () => nowMs });
    for (; nowMs < 1000; nowMs += 10) progress.update(nowMs);
    assert.equal(drawn.length, 10);
    assert.ok(drawn.every((text) => text.replace("\r\x1b[2K", "").length < 20));
    progress.clear();
    progress.clear();
    assert.equal(drawn.length, 11);
    new Progress(60, { terminal: { isTTY: false, write }, nowMs: () => nowMs }).update(1);
    assert.equal(drawn.length, 11);
  });
});

describe("Envelope", () => {
  it("keeps extremes and RMS exactly, however long the audio is", () => {
    const envelope = new Envelope(16);
    for (let i = 0; i < 50; i++) {
      const samples = new Float32Array(20).fill(0.5);
      if (i === 31) samples[7] = -0.75;
      envelope.add(RuntimeData.audio({ samples, sampleRate: 1000, channels: 2 }));
    }
    assert.equal(envelope.durationSeconds, 0.5);
    assert.deepEqual([envelope.total.min, envelope.total.max], [-0.75, 0.5]);
    assert.ok(Math.abs(envelope.total.rms - Math.sqrt((999 * 0.25 + 0.5625) / 1000)) < 1e-9);
    assert.equal(envelope.between(0.31, 0.32).min, -0.75);
    assert.equal(envelope.between(0, 0.1).min, 0.5);
  });

  it("integers count as shares of full scale", () => {
    const envelope = new Envelope();
    envelope.add(RuntimeData.audio({ samples: Int16Array.of(-32768, 16384), sampleRate: 8000 }));
    assert.deepEqual([envelope.total.min, envelope.total.max], [-1, 0.5]);
  });

  it("nothing is silent", () => {
    assert.deepEqual(new Envelope().total, { min: 0, max: 0, rms: 0 });
  });
});

describe("drawWaveforms", () => {
  it("draws where the audio is loud, and paper elsewhere", () => {
    const envelope = new Envelope();
    const samples = Float32Array.from({ length: 8000 }, (_, i) => i < 4000 ? 0 : Math.sin(i));
    envelope.add(RuntimeData.audio({ samples, sampleRate: 8000 }));
    const panel = { title: "before", subtitle: "a.wav", envelope, tone: "before" } as const;
    const picture = decode(drawWaveforms([panel, { ...panel, tone: "after" }]));
    assert.equal(picture.width, 1600);
    const pixel = (x: number, y: number) => [...picture.data.subarray((y * 1600 + x) * 3, (y * 1600 + x) * 3 + 3)];
    const [quiet, loud] = [pixel(400, 150), pixel(1200, 150)];
    assert.ok((quiet[0] as number) > 200, `${quiet}`);
    assert.ok((loud[0] as number) < 200, `${loud}`);
    assert.deepEqual(pixel(2, 2), [255, 255, 255]);
  });

  it("draws no audio at all, and names of any length and script", () => {
    const panel = {
      title: "before",
      subtitle: "長い名前 ".repeat(100),
      envelope: new Envelope(),
      tone: "before",
    } as const;
    assert.equal(decode(drawWaveforms([panel])).width, 1600);
  });

  it("labels times as precisely as needed", () => {
    assert.deepEqual([0.004, 5.6, 95, 600, 7200].map(tickStep), [0.0005, 1, 10, 60, 900]);
    assert.equal(timeLabel(0.25, 0.05), "0.25 s");
    assert.equal(timeLabel(3, 1), "3 s");
    assert.equal(timeLabel(90, 30), "1:30");
    assert.equal(timeLabel(4500, 900), "1:15:00");
  });
});
