// What a TypeScript user writes: it has to type-check against the declarations in the package.
import { createRuntime, type Manifest, type Runtime, RuntimeData } from "@streamrack/core";
import { type AudioData, defineNode, definePlugin } from "@streamrack/core/plugin";
import { runNode } from "@streamrack/core/testing";
import audio from "@streamrack/core/plugins/audio";
import * as v from "valibot";

const half = defineNode({
  type: "mine.half",
  summary: "Halves the level.",
  params: v.object({ times: v.optional(v.number(), 1) }),
  inputs: { in: ["audio"] },
  outputs: { out: ["audio"] },
  create: ({ params }) => ({
    process(data) {
      const known: AudioData = data;
      const times: number = params.times;
      // @ts-expect-error: the input is audio, which has no text
      data.text;
      return times > 0 ? known : undefined;
    },
  }),
});

export const plugin = definePlugin({ name: "mine", version: "1.0.0", apiVersion: 1, nodes: [half, ...audio.nodes] });
export const manifest: Manifest = { version: "v1", nodes: [{ id: "half", node_type: "mine.half" }] };
export const runtime: Promise<Runtime> = createRuntime({ plugins: [{ tier: "inline", plugin }] });
export const run = runNode(half, [RuntimeData.audio({ samples: Float32Array.of(1), sampleRate: 8000 })]);
