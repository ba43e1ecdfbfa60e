import { after, describe, it } from "node:test";
import { RuntimeData } from "../../core/plugin.ts";
import { createRuntime } from "../../mod.ts";
import { createService } from "../../remote/mod.ts";
import { type ConformanceOptions, conformanceTests } from "../../testing/mod.ts";
import { encode } from "fast-png";
import { PLUGIN_CATALOG } from "../../plugins/catalog.ts";
import { chat, ModelServer } from "../runners/_model_server.ts";
import { startSpeechServices } from "../speech/_conformance.ts";

const json = RuntimeData.json({ operation: "add", operands: [1, 2] });

// A node that runs a pipeline on a service needs one.
const runtime = await createRuntime();
const service = await createService(runtime, { listen: "127.0.0.1:0" });
const remote = {
  address: `127.0.0.1:${service.address.port}`,
  manifest: { version: "v1", nodes: [{ id: "pass", node_type: "util.passthrough" }] },
};

// A runner asks a service, which answers over real HTTP.
const models = await ModelServer.start();
models.answer = (_, response) => chat(response, ["One ", "two."]);
after(() => models.stop());
const model = { baseUrl: models.baseUrl };
const request = RuntimeData.json({ inputs: { text: "hello" } });
const png = encode({ width: 1, height: 1, data: new Uint8Array(3), channels: 3, depth: 8 });

const speech = await startSpeechServices();
after(() => speech.stop());

const bell = {
  version: 1,
  id: "bell",
  name: "Bell",
  role: "pluck",
  description: "",
  tags: [],
  oscillators: [{ shape: "sine" }],
};
const short = { durationS: 0.05, sampleRate: 8000, channels: 1, blockFrames: 100 };

/** What the suite cannot know of our own node types. */
const NODES: ConformanceOptions["nodes"] = {
  "util.calculator": { samples: { in: [json, RuntimeData.text('{"operation": "divide", "operands": [1, 2]}')] } },
  "synth.generate": {
    params: { measure: true },
    samples: {
      in: [RuntimeData.json({ prompt: "a bell", ...short }), RuntimeData.json({ query: "list", role: "pad" })],
    },
  },
  "synth.preset": {
    samples: {
      in: [RuntimeData.json({ preset: bell, ...short }), RuntimeData.json({ preset: "kalimba-dream", ...short })],
    },
  },
  "synth.graph": {
    params: { sound: bell, sampleRateHz: 8000, channels: 1 },
    samples: {
      in: [
        RuntimeData.json({ op: "note-on", note: 69 }),
        RuntimeData.json({ op: "render", blocks: 2 }),
        RuntimeData.json({ op: "note-off", note: 69 }),
        RuntimeData.audio({ samples: new Float32Array(64), sampleRate: 8000, channels: 1 }),
      ],
    },
  },
  "audio.gain": { params: { gainDb: -6 }, chunkInvariant: true },
  "audio.channels": { chunkInvariant: true },
  "audio.format": { chunkInvariant: true },
  "audio.resample": { params: { sampleRateHz: 24_000 }, chunkInvariant: true },
  "audio.rechunk": { chunkInvariant: true },
  // Its answers tell how long they took.
  "llm.openai": {
    params: model,
    samples: { in: [RuntimeData.text("hello"), request] },
    deterministic: false,
  },
  "llm.any": {
    params: { runners: [{ runner: "llm.openai", params: model }] },
    samples: { in: [RuntimeData.text("hello"), request] },
    deterministic: false,
  },
  "guard.llm": {
    params: { runners: [{ runner: "llm.openai", params: model }] },
    samples: { in: [RuntimeData.text("hello"), request] },
    deterministic: false,
  },
  "vlm.openai": {
    params: model,
    samples: { in: [RuntimeData.binary(new Uint8Array(png))] },
    deterministic: false,
  },
  "guard.check": { samples: { in: [RuntimeData.text("hello"), request] }, deterministic: false },
  "remote.pipeline": { params: remote },
  ...speech.nodes,
  "util.passthrough": { chunkInvariant: true },
};

for (const { description, url } of PLUGIN_CATALOG) {
  const { default: plugin } = await import(url.href);
  describe(`plugin ${description.name}`, () => {
    if (description.name === "remote") {
      after(async () => {
        await service.close();
        await runtime.close();
      });
    }
    // This one needs a library that is not installed: tests/runners/llm_local.test.ts brings it.
    const tested = { ...plugin, nodes: plugin.nodes.filter(({ type }: { type: string }) => type !== "llm.local") };
    for (const { name, run } of conformanceTests(tested, { nodes: NODES ?? {} })) it(name, run);
  });
}
