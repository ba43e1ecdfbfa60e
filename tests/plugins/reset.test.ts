import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { StreamingNodeFactory } from "../../core/node/factory.ts";
import type { NodeSource, StreamingNode } from "../../core/node/contract.ts";
import { type AudioData, type JsonValue, RuntimeData } from "../../core/plugin.ts";
import { createRuntime, type Manifest, type Session } from "../../mod.ts";
import { PLUGIN_CATALOG } from "../../plugins/catalog.ts";
import { itemContext } from "../_support/item_context.ts";
import { chain, collect } from "../_support/runtime.ts";
import { cut, noise, signal } from "./_audio_kit.ts";
import { readSpeech, SPEECH_RATE_HZ } from "./_speech.ts";

const factories = new Map<string, StreamingNodeFactory>();
for (const { description, url } of PLUGIN_CATALOG) {
  const { default: plugin } = await import(url.href);
  for (const node of plugin.nodes) factories.set(node.type, new StreamingNodeFactory(node, description.name));
}

/** What a node is given: values, each with the number of its source. */
type Inputs = readonly (readonly [data: RuntimeData, source: number])[];

/** A node with a memory, what fills that, and what it must then treat as a new node would. */
interface Case {
  readonly params?: { readonly [name: string]: JsonValue };
  readonly past: Inputs;
  readonly fresh: readonly Inputs[];
}

const from = (source: number, values: readonly RuntimeData[]): Inputs => values.map((data) => [data, source]);
const texts = (...values: string[]): Inputs => from(0, values.map((value) => RuntimeData.text(value)));

/** Ends within a silence, and within whatever is cut to a size. */
const PAST = from(0, cut(signal({ frames: 2000, channels: 2, timestampUs: 5_000_000 }), 330));
const random = noise(7);
const sameForm = signal({ frames: 4100, channels: 2, timestampUs: 1_000_000, at: () => random() * 0.3 });
const otherForm = signal({ frames: 3000, sampleRate: 12_000, format: "i16" });
const FRESH = [from(0, cut(sameForm, 480)), from(0, cut(otherForm, 480))];

/** Two sources of which one is far ahead, so that it waits in the mix. */
function twoSources(audio: AudioData, ahead: number): Inputs {
  const chunks = cut(audio, 300);
  return [...from(0, chunks.slice(0, ahead)), ...from(1, chunks), ...from(0, chunks.slice(ahead))];
}
const MIX = {
  past: twoSources(signal({ frames: 1500, channels: 2, timestampUs: 5_000_000 }), 5).slice(0, 8),
  fresh: [twoSources(sameForm, 4), twoSources(otherForm, 2)],
};

const mono = signal({ frames: 4100, timestampUs: 1_000_000, at: () => random() * 0.3 });
const MONO = {
  past: twoSources(signal({ frames: 1500, timestampUs: 5_000_000 }), 5).slice(0, 8),
  fresh: [twoSources(mono, 4)],
};

const speech = await readSpeech();
const spoken = (fromMs: number, toMs: number): Inputs => {
  const samples = speech.slice(fromMs * SPEECH_RATE_HZ / 1000, toMs * SPEECH_RATE_HZ / 1000);
  return from(0, cut(RuntimeData.audio({ samples, sampleRate: SPEECH_RATE_HZ, timestampUs: fromMs * 1000 }), 1000));
};
/** Ends within the first sentence. */
const SPEECH = { past: spoken(500, 1500), fresh: [spoken(2500, 3700)] };

const CASES: readonly (readonly [type: string, case_: Case])[] = [
  ["audio.resample", { params: { sampleRateHz: 11_025 }, past: PAST, fresh: FRESH }],
  ["audio.rechunk", { params: { durationMs: 30 }, past: PAST, fresh: FRESH }],
  ["audio.normalize", { past: PAST, fresh: FRESH }],
  ["audio.level", { params: { intervalMs: 70 }, past: PAST, fresh: FRESH }],
  ["audio.silence", { params: { minSilenceMs: 40 }, past: PAST, fresh: FRESH }],
  ["audio.mix", MIX],
  ["audio.interleave", MONO],
  ["audio.mix", { params: { sampleRateHz: 6000 }, ...MIX }],
  ["audio.mix", { params: { sync: "start", overflow: "limit" }, ...MIX }],
  ["text.sentences", { past: texts("One. The inter", "rupted \ud83c"), fresh: [texts("Fresh ", "start.")] }],
  ["vad.silero", SPEECH],
  ["vad.silero", { params: { mode: "speech" }, ...SPEECH }],
  ["vad.silero", { params: { mode: "utterances" }, ...SPEECH }],
];

async function create(type: string, params: JsonValue, sourceCount = 1): Promise<[StreamingNode, NodeSource[]]> {
  const factory = factories.get(type) as StreamingNodeFactory;
  const checked = await factory.checkParams(params, "params");
  assert.ok(checked.ok, type);
  const sources = Array.from({ length: sourceCount }, (_, i) => ({ port: "in", from: `source${i}`, ended: false }));
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const { signal } = new AbortController();
  return [await factory.create({ params: checked.params, nodeId: "node", sources, signal, log }), sources];
}

/** What a node gives for some input and for its end, after it was given something else and was reset, or not. */
async function outputsOf(
  type: string,
  { params = {}, past }: Case,
  { fresh, before }: { readonly fresh: Inputs; readonly before: "nothing" | "past" | "past, cut short" | "no reset" },
): Promise<unknown[]> {
  const [node, sources] = await create(type, params, 1 + Math.max(...fresh.map(([, source]) => source)));
  const { signal } = new AbortController();
  const outputs: unknown[] = [];
  async function take(answer: unknown, leaves = false): Promise<void> {
    for await (const output of answer as AsyncIterable<unknown>) {
      outputs.push(output);
      if (leaves) break;
    }
  }
  async function give(inputs: Inputs, leaves = false): Promise<void> {
    for (const [sequence, [data, number]] of inputs.entries()) {
      const source = sources[number] as NodeSource;
      await take(node.process(RuntimeData.copy(data) as never, itemContext({ source, sequence, signal })), leaves);
    }
  }
  if (before !== "nothing") {
    await give(past, before === "past, cut short");
    outputs.length = 0;
    if (before !== "no reset") await node.reset?.();
  }
  await give(fresh);
  await take(node.flush?.());
  await node[Symbol.asyncDispose]?.();
  return outputs;
}

describe("a node that was reset", () => {
  for (const [type, case_] of CASES) {
    it(`gives what a new one gives: ${type} ${JSON.stringify(case_.params ?? {})}`, async () => {
      for (const fresh of case_.fresh) {
        const expected = await outputsOf(type, case_, { fresh, before: "nothing" });
        assert.ok(expected.length > 0);
        assert.deepEqual(await outputsOf(type, case_, { fresh, before: "past" }), expected);
        assert.deepEqual(await outputsOf(type, case_, { fresh, before: "past, cut short" }), expected);
        // Or else the case would show nothing.
        const mixed = await outputsOf(type, case_, { fresh, before: "no reset" }).catch(() => undefined);
        assert.notDeepEqual(mixed, expected);
      }
    });
  }

  it("is of every type that holds something back for the end", async () => {
    const required: { readonly [type: string]: JsonValue } = {
      "audio.gain": { gainDb: 0 },
      "audio.channels": { channels: 1 },
      "audio.format": { format: "f32" },
      "audio.resample": { sampleRateHz: 8000 },
      "text.case": { mode: "upper" },
      "text.template": { template: "" },
      "util.add": { operand: 1 },
      "util.multiply": { operand: 1 },
      "util.delay": { delayMs: 0 },
      "llm.any": { runners: [{ runner: "llm.openai" }] },
      "guard.llm": { runners: [{ runner: "llm.openai" }] },
    };
    const tested = new Set(CASES.map(([type]) => type));
    for (const type of factories.keys()) {
      // Those ask a model or a service, and keep nothing; this one holds partial text only (tests/runners/guard.test.ts).
      if (["llm.openai", "llm.local", "tts.openai", "vlm.openai", "guard.text"].includes(type)) continue;
      // The one needs a service (tests/remote/remote_node.test.ts), the other a sound; the conformance suite resets both.
      if (type === "remote.pipeline" || type === "synth.graph") continue;
      // They need a program or a service: tests/speech/utterance_listener.test.ts.
      if (type.startsWith("asr.")) continue;
      const [node] = await create(type, required[type] ?? {});
      if (node.flush !== undefined || node.reset !== undefined) assert.ok(tested.has(type), type);
      await node[Symbol.asyncDispose]?.();
    }
  });
});

describe("Session.flush and our own nodes", () => {
  async function withSession(manifest: Manifest, use: (session: Session) => Promise<void>): Promise<void> {
    await using runtime = await createRuntime();
    await use(await runtime.open(manifest));
  }

  it("text.sentences drops the sentence under way", () =>
    withSession(chain("text.sentences"), async (session) => {
      await session.send(RuntimeData.text("The interrupted "));
      await session.metrics();
      session.flush();
      await session.send(RuntimeData.text("Fresh start."));
      await session.finish();
      assert.deepEqual((await collect(session)).map(({ data }) => data), [RuntimeData.text("Fresh start.")]);
    }));

  it("util.echo counts on", () =>
    withSession(chain("util.echo"), async (session) => {
      const outputs = session[Symbol.asyncIterator]();
      for (const counter of [1, 2]) {
        await session.send(RuntimeData.json(null));
        const { value } = await outputs.next();
        assert.deepEqual(RuntimeData.asJson(value.data), { input: null, counter, node: "Echo" });
        session.flush();
      }
      await outputs.return?.(undefined);
    }));
});
