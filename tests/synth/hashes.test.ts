import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decidePreset } from "../../plugins/synth/engine/decide.ts";
import { engine } from "../../plugins/synth/engine/engine.ts";
import { Performance } from "../../plugins/synth/engine/performance.ts";
import { PresetRequestSchema } from "../../plugins/synth/engine/requests.ts";
import { PRESETS } from "../../plugins/synth/generated/presets.ts";
import { parse } from "../../plugins/synth/graph/problems.ts";
import { hashOf } from "./_kit.ts";

/**
 * Hashes of the bits of what each preset gives. They are the same on all
 * runtimes and machines; whoever changes what the engine computes changes its
 * version, and these.
 */
const HASHES: { readonly [presetId: string]: string } = {
  "deep-space-drone": "7aed2cdd",
  "frozen-lake": "2313a692",
  "morning-air": "fec7bd67",
  "tape-memory": "bf1befe1",
  "underwater-cave": "a774511c",
  "acid-square-bass": "d33d41e7",
  "deep-sub-bass": "faec75dd",
  "finger-electric-bass": "e29025a7",
  "fm-slap-bass": "d9c41e27",
  "reese-bass": "19f8288f",
  "wobble-bass": "1e2a6037",
  "clap-room": "0a39185c",
  "closed-hat": "8d69013d",
  "floor-tom": "2ece07bd",
  "long-808-kick": "32b30099",
  "punchy-kick": "2ef7b7a5",
  "tight-snare": "f7e90fdb",
  "alarm-siren": "ec900126",
  "deep-impact": "6d5b3abb",
  "laser-zap": "70d407e8",
  "magic-sparkle": "0786962f",
  "tape-stop-fall": "3757d142",
  "white-riser": "baed86ff",
  "clavinet-funk": "f7e64d59",
  "drawbar-organ": "bd543105",
  "dx-bell-keys": "e4167b01",
  "electric-piano": "d435eb0b",
  "felt-piano": "73df1a41",
  "chip-square-lead": "f2734747",
  "classic-saw-lead": "d2ef896f",
  "soft-whistle-lead": "0378b3d3",
  "supersaw-anthem": "6cabd9ac",
  "sync-scream-lead": "4f1e8c08",
  "cinematic-swell": "6ce810b4",
  "glass-choir-pad": "f9e18b85",
  "hollow-pulse-pad": "67e76a26",
  "string-machine": "2db46d94",
  "warm-analog-pad": "6c9eff7f",
  "conga-hand": "4a42d7a1",
  "cowbell": "a85ec69d",
  "glass-bottle": "df16fc6f",
  "shaker-grain": "45c22b94",
  "wood-block": "414801bb",
  "kalimba-dream": "bb6c95d7",
  "koto-silk": "cb36ad7d",
  "marimba-wood": "b0684bc2",
  "nylon-string": "07595ebd",
  "trance-pluck": "a17becd3",
  "electric-hum": "494f852b",
  "granular-shimmer": "5bdebb40",
  "ocean-waves": "1eb8497c",
  "rain-on-glass": "002a93fe",
  "vinyl-dust": "cfde91b0",
};

describe("the samples of all presets", () => {
  it("have the same bits everywhere", async () => {
    const found: Record<string, string> = {};
    for (const { id } of PRESETS) {
      const options = { durationS: 0.6, play: "phrase", tempo: 160, key: "Eb", scale: "dorian", seed: 7 };
      const { score } = await decidePreset(parse(PresetRequestSchema, { preset: id, ...options }, "request"), engine);
      const samples = new Float32Array(score.channels * score.frames);
      new Performance(score).render(samples);
      found[id] = hashOf(samples).toString(16).padStart(8, "0");
    }
    assert.deepEqual(found, HASHES);
  });
});
