/**
 * `deno task synth:pictures`: draws the pictures of presets that
 * `docs/synth.md` shows, as `streamrack synth --plot` draws them, but in few
 * colours: they are part of the package, which has to stay small.
 *
 * @module
 */

import { decode } from "fast-png";
import { Buffer } from "node:buffer";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32, deflateSync } from "node:zlib";
import type { Colour } from "../cli/plot/canvas.ts";
import { BORDER, MODULATION, MODULATOR_BOX } from "../cli/plot/graph_picture.ts";
import { colourOf, FLOOR_DB, TOP_DB } from "../cli/plot/spectrogram.ts";
import { SynthRecorder } from "../cli/plot/synth_picture.ts";
import { FAINT_INK, FIELD, GRID, INK, PAPER, TONES, ZERO } from "../cli/plot/waveform.ts";
import { createSynth, type Role } from "../synth/mod.ts";
import { ROOT } from "./lib/files.ts";
import { runScript } from "./lib/run_script.ts";

const FOLDER = "docs/images/synth";
/** One of each role. */
const PRESETS: { readonly [R in Role]: string } = {
  pad: "warm-analog-pad",
  bass: "acid-square-bass",
  lead: "classic-saw-lead",
  keys: "electric-piano",
  pluck: "trance-pluck",
  drum: "punchy-kick",
  percussion: "cowbell",
  ambient: "deep-space-drone",
  texture: "ocean-waves",
  effect: "white-riser",
};
const MUSIC = { key: "A", scale: "minor", tempo: 100, durationS: 4 } as const;

async function main(): Promise<number> {
  const synth = await createSynth();
  try {
    for (const [role, presetId] of Object.entries(PRESETS)) {
      const { samples, sampleRate, channels, report } = await synth.generateAudio({
        prompt: "",
        presetId,
        role: role as Role,
        ...MUSIC,
      });
      const recorder = new SynthRecorder(sampleRate, channels);
      recorder.add(samples);
      const { decision: { presetName }, graph } = report;
      const picture = inFewColours(recorder.toPng({ title: presetName, subtitle: role, graph }));
      await writeFile(join(ROOT, FOLDER, `${presetId}.png`), picture);
      console.log(`${FOLDER}/${presetId}.png: ${picture.length} bytes`);
    }
  } finally {
    await synth.close();
  }
  return 0;
}

/** Levels of the spectrogram. */
const LEVELS = 10;
/** Between ink and paper: the edges of letters. */
const EDGES: readonly Colour[] = [[150, 157, 170], [200, 205, 212]];
const PALETTE: readonly Colour[] = [
  ...[PAPER, FIELD, GRID, ZERO, INK, FAINT_INK, TONES.after.peak, TONES.after.body],
  ...[MODULATION, MODULATOR_BOX, BORDER, ...EDGES],
  ...Array.from({ length: LEVELS }, (_, i) => colourOf(FLOOR_DB + (TOP_DB - FLOOR_DB) * i / (LEVELS - 1))),
].map(([red, green, blue]) => [Math.round(red), Math.round(green), Math.round(blue)]);

/** The same picture with a palette; every colour becomes the nearest of that. */
function inFewColours(png: Uint8Array): Uint8Array {
  const { width, height, data } = decode(png);
  const pixels = Array.from(
    { length: width * height },
    (_, i): Colour => [data[3 * i]!, data[3 * i + 1]!, data[3 * i + 2]!],
  );
  const nearest = new Map<string, number>();
  const indexOf = (colour: Colour): number => {
    const known = nearest.get(colour.join());
    if (known !== undefined) return known;
    const distances = PALETTE.map((one) => one.reduce((sum, part, i) => sum + (part - colour[i]!) ** 2, 0));
    const index = distances.indexOf(Math.min(...distances));
    nearest.set(colour.join(), index);
    return index;
  };
  const rows = new Uint8Array((width + 1) * height); // each row begins with its filter: none
  pixels.forEach((colour, i) => rows[Math.floor(i / width) * (width + 1) + 1 + i % width] = indexOf(colour));
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3, 0, 0, 0], 8); // 8 bits, an index into the palette
  return Buffer.concat([
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk("IHDR", header),
    chunk("PLTE", Uint8Array.from(PALETTE.flat())),
    chunk("IDAT", deflateSync(rows, { level: 9 })),
    chunk("IEND", new Uint8Array(0)),
  ]);
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  out.set(body, 4);
  out.writeUInt32BE(crc32(body), body.length + 4);
  return out;
}

if (import.meta.main) await runScript(main);
