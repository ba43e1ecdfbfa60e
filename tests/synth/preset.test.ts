import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { POLICIES } from "../../plugins/synth/generated/policies.ts";
import { PRESETS } from "../../plugins/synth/generated/presets.ts";
import { applyPolicy, applyPromptWords } from "../../plugins/synth/policy/apply.ts";
import { nearestInScale, noteOfDegree, SCALES } from "../../plugins/synth/policy/music.ts";
import { phraseNotes } from "../../plugins/synth/policy/phrase.ts";
import { normalisePreset } from "../../plugins/synth/preset/normalise.ts";
import { parseQuantity } from "../../plugins/synth/preset/quantity.ts";
import type { QuantityKind } from "../../plugins/synth/preset/quantity_kinds.ts";
import type { Preset } from "../../plugins/synth/preset/schema.ts";
import { presetGraph } from "../../plugins/synth/preset/to_graph.ts";
import { PresetSearch } from "../../plugins/synth/search/preset_search.ts";
import { thrownBy } from "../_support/errors.ts";

const at120 = { tempoBpm: 120 };
const minimal = {
  version: 1,
  id: "mine",
  name: "Mine",
  role: "pad",
  description: "",
  tags: [],
  oscillators: [{}],
} as const;
const byId = (id: string) => PRESETS.find((preset) => preset.id === id) as Preset;

describe("quantities", () => {
  const cases: readonly (readonly [QuantityKind, number | string, number])[] = [
    ["gain", "-6 dB", 10 ** (-6 / 20)],
    ["gain", "50 %", 0.5],
    ["gain", 0.25, 0.25],
    ["time", "250 ms", 0.25],
    ["time", "1/8", 0.25],
    ["time", "1/8d", 0.375],
    ["time", "1/8t", 1 / 6],
    ["time", "1 bar", 2],
    ["time", "2 beats", 1],
    ["frequency", "A4", 440],
    ["frequency", "C#3", 440 * 2 ** (-20 / 12)],
    ["frequency", "1.2 kHz", 1200],
    ["frequency", "bright", 7000],
    ["rate", "1/4", 2],
    ["rate", "4 s", 0.25],
    ["rate", "120 bpm", 2],
    ["interval", "-12 st", -12],
    ["interval", "7 cents", 0.07],
    ["interval", "1 oct", 12],
    ["cents", "0.1 st", 10],
    ["octaves", "24 st", 2],
    ["fraction", "30 %", 0.3],
    ["fraction", "subtle", 0.15],
    ["q", "2 Q", 2],
    ["q", "1 oct", Math.SQRT2],
    ["number", "4:1", 4],
    ["decibels", "−18 dB", -18],
  ];
  for (const [kind, written, value] of cases) {
    it(`${JSON.stringify(written)} as ${kind} is ${value}`, () => {
      const quantity = parseQuantity(kind, written, at120);
      assert.ok(quantity !== undefined && Math.abs(quantity.value - value) < 1e-9, JSON.stringify(quantity));
      assert.notEqual(quantity.rule, "");
    });
  }

  it("without a meaning are none", () => {
    for (
      const text of [
        "",
        "loud",
        "5 bananas",
        "1/0",
        "0/4",
        "H2",
        "NaN",
        "Infinity",
        "1e999 s",
        "__proto__",
        "constructor",
      ]
    ) {
      assert.equal(parseQuantity("time", text, at120), undefined, text);
    }
    assert.equal(parseQuantity("time", NaN, at120), undefined);
    assert.equal(parseQuantity("gain", "5 ms", at120), undefined);
  });
});

describe("normalisePreset", () => {
  it("keeps the rule beside each value", () => {
    const { values } = normalisePreset(
      { ...minimal, filter: { cutoff: "A4", q: "sharp" }, delay: { time: "1/8d" } },
      at120,
    );
    assert.deepEqual(values["filter.cutoffHz"], {
      value: 440,
      unit: "Hz",
      written: "A4",
      rule: "note name to hertz, A4 = 440 Hz",
    });
    assert.equal(values["filter.q"]?.rule, '"sharp" is 6 Q');
    assert.equal(values["delay.timeS"]?.value, 0.375);
    assert.equal(values["amp.sustain"]?.rule, "default");
  });

  it("clamps what is out of range, and says so", () => {
    const { values } = normalisePreset({ ...minimal, filter: { cutoff: "90 kHz" }, output: { level: "60 dB" } }, at120);
    assert.equal(values["filter.cutoffHz"]?.value, 20_000);
    assert.match(values["output.level"]?.rule ?? "", /clamped to 0 to 4/);
  });

  it("refuses everything that is wrong at once", () => {
    const error = thrownBy(() =>
      normalisePreset(
        { ...minimal, filter: { cutoff: "5 bananas" }, amp: { attack: "1 Hz" }, lfos: [{ rate: "x" }] },
        at120,
      )
    );
    assert.equal(error.reason, "invalid-data");
    assert.deepEqual(error.problems.map(({ path }) => path), [
      "preset.filter.cutoff",
      "preset.amp.attack",
      "preset.lfos[0].rate",
    ]);
  });

  it("refuses documents that are no presets", () => {
    const wrong = [
      null,
      [],
      "pad",
      {},
      { ...minimal, version: 2 },
      { ...minimal, id: "Mine!" },
      { ...minimal, role: "king" },
      { ...minimal, oscillators: undefined },
      { ...minimal, oscillators: [{ level: NaN }] },
      { ...minimal, oscillators: Array(9).fill({}) },
      { ...minimal, filter: { cutof: 5 } },
      JSON.parse('{"__proto__": {}, "version": 1}'),
    ];
    for (const document of wrong) {
      assert.equal(thrownBy(() => normalisePreset(document, at120)).reason, "invalid-data", JSON.stringify(document));
    }
  });

  it("says which names there are where one is not known", () => {
    const of = (document: unknown) =>
      thrownBy(() => normalisePreset(document, at120)).problems.map(({ path, expected }) => [path, expected]);
    assert.deepEqual(of({ ...minimal, filter: { cutof: 5 } }), [
      ["preset.filter.cutof", "mode, slope, cutoff, q, envelope, keyTracking"],
    ]);
    assert.deepEqual(of({ ...minimal, oscillators: [{}, { wave: 1 }] })[0]?.[0], "preset.oscillators[1].wave");
    assert.match(of({ ...minimal, oscillators: [{}, { wave: 1 }] })[0]?.[1] ?? "", /^shape, level, transpose, /);
    assert.match(of({ ...minimal, filtre: {} })[0]?.[1] ?? "", /^version, id, name, .*filter, /);
  });

  it("needs no description and no tags", () => {
    const { description: _, tags: __, ...bare } = minimal;
    assert.deepEqual(normalisePreset(bare, at120), normalisePreset(minimal, at120));
  });

  it("clamps what lies above the Nyquist frequency, and notes it", () => {
    const { notes } = presetGraph(normalisePreset({ ...minimal, filter: { cutoff: "18 kHz" } }, at120), 8000);
    assert.equal(notes[0]?.param, "filter.cutoffHz");
    assert.equal(notes[0]?.to, 3920);
  });
});

describe("role policies", () => {
  const context = { tempoBpm: 120, key: "C", scale: "major" } as const;
  const policy = (role: string) => POLICIES.find((one) => one.role === role)!;

  it("keep hard ranges, move towards soft ones, and say why", () => {
    const preset = normalisePreset(
      { ...minimal, role: "bass", amp: { attack: "1 s" }, filter: { cutoff: "12 kHz" } },
      at120,
    );
    const { preset: changed, changes } = applyPolicy(preset, policy("bass"), context);
    assert.equal(changed.values["amp.attackS"]?.value, 0.04);
    const cutoff = changed.values["filter.cutoffHz"]?.value as number;
    assert.ok(cutoff > 3000 && cutoff < 12_000, "a soft rule goes part of the way");
    assert.deepEqual(changes.map(({ param, strength }) => [param, strength]).slice(0, 2), [["amp.attackS", "hard"], [
      "filter.cutoffHz",
      "soft",
    ]]);
    assert.ok(changes.every(({ why, from, to }) => why !== "" && from !== to));
  });

  it("know the tempo, the key and the scale", () => {
    const lead = normalisePreset({ ...minimal, role: "lead", delay: { time: "0.31 s" } }, at120);
    const at = (tempoBpm: number) =>
      applyPolicy(lead, policy("lead"), { ...context, tempoBpm }).preset.values["delay.timeS"]?.value as number;
    assert.ok(Math.abs(at(120) - 0.3134) > 0.001 && at(120) !== at(90));
    const bell = normalisePreset(byId("cowbell"), at120);
    const tuned = applyPolicy(bell, policy("percussion"), context).preset.values["oscillators.0.frequencyHz"]
      ?.value as number;
    assert.ok(Math.abs(tuned - nearestInScale(540, context)) < 1e-9);
    const pad = normalisePreset(byId("warm-analog-pad"), at120);
    const dark = (scale: "major" | "minor") =>
      applyPolicy(pad, policy("pad"), { ...context, scale }).preset.values["filter.cutoffHz"]?.value as number;
    assert.ok(dark("minor") < dark("major"));
  });

  it("play phrases that stay in the scale and in their range", () => {
    for (const one of POLICIES) {
      for (const scale of ["minor", "blues", "major-pentatonic", "chromatic"] as const) {
        const notes = [
          ...phraseNotes(one, {
            key: "F#",
            scale,
            tempoBpm: 100,
            sampleRate: 44_100,
            frames: 441_000,
            registerSemitones: 0,
          }),
        ];
        assert.ok(notes.length > 0);
        let last = 0;
        for (const { note, startFrame, endFrame } of notes) {
          assert.ok(
            (SCALES[scale] as readonly number[]).includes((((note - 6) % 12) + 12) % 12),
            `${one.role} ${note}`,
          );
          assert.ok(endFrame > startFrame && startFrame >= last);
          last = startFrame;
        }
      }
    }
    assert.equal(noteOfDegree(1, { key: "A", scale: "minor" }, 48), 57);
    assert.equal(noteOfDegree(8, { key: "A", scale: "minor" }, 48), 69);
  });

  it("let words of the prompt act where the preset does not have them", () => {
    const pad = normalisePreset(byId("warm-analog-pad"), at120);
    const { changes } = applyPromptWords(pad, ["warm", "dark", "pad", "constructor"]);
    assert.deepEqual(changes.map(({ param }) => param), ["filter.cutoffHz"]);
  });
});

describe("the search", () => {
  const search = new PresetSearch(PRESETS);

  it("finds by words, synonyms and near spellings, with reasons", async () => {
    const best = async (prompt: string) => (await search.search(prompt, { limit: 3 }))[0];
    assert.equal((await best("warm analog pad"))?.id, "warm-analog-pad");
    assert.equal((await best("acid bassline"))?.id, "acid-square-bass");
    assert.equal((await best("electrc pianp"))?.id, "electric-piano");
    const sea = await best("surf");
    assert.equal(sea?.id, "ocean-waves");
    assert.equal(sea?.reasons[0]?.by, "synonym");
  });

  it("keeps to a role, and to its limit", async () => {
    const matches = await search.search("dark", { role: "bass", limit: 2 });
    assert.ok(matches.length > 0 && matches.length <= 2 && matches.every(({ role }) => role === "bass"));
    assert.deepEqual(await search.search("", { limit: 5 }), []);
    assert.deepEqual(await search.search("qqqqqq zzzzzz", { limit: 5 }), []);
    await search.search("pad ".repeat(50_000), { limit: 5 });
  });

  it("can use a model of meaning", async () => {
    const model = {
      embed: (texts: readonly string[]) =>
        Promise.resolve(texts.map((text) => [/whale|ocean/i.test(text) ? 1 : 0, 0.1])),
    };
    const [best] = await new PresetSearch(PRESETS, model).search("whale", { limit: 1 });
    assert.equal(best?.id, "ocean-waves");
    assert.ok((best?.similarity ?? 0) > 0.9);
  });
});
