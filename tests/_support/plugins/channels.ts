/** A plugin whose nodes publish and subscribe: what channels in nodes are tested with. */

import { AudioStream, type Channels, defineNode, definePlugin, RuntimeData } from "../../../core/plugin.ts";
import * as v from "valibot";

function given(channels: Channels | undefined): Channels {
  if (channels === undefined) throw new Error("there are no channels");
  return channels;
}

export default definePlugin({
  name: "talk",
  version: "1.0.0",
  apiVersion: 1,
  nodes: [
    defineNode({
      type: "talk.publish",
      summary: "Publishes what it is given, and passes it on; at the word die it ends its thread.",
      params: v.object({ to: v.string() }),
      inputs: { in: ["text"] },
      outputs: { out: ["text"] },
      create: ({ params, channels, log }) => ({
        async process(data) {
          if (data.text === "die") process.exit(7);
          log.warn(`publishes ${data.text}`);
          await given(channels).publish(params.to, RuntimeData.text(data.text));
          return data;
        },
      }),
    }),
    defineNode({
      type: "talk.halve",
      summary: "Gives the streams of a channel as audio, and publishes them at half their level.",
      params: v.object({ from: v.string(), to: v.string() }),
      inputs: {},
      outputs: { out: ["audio"] },
      create: ({ params, channels, nodeId }) => {
        const subscription = given(channels).subscribe<AudioStream>(params.from, nodeId);
        return {
          process() {},
          async *flush() {
            for await (const stream of subscription) {
              const halved = stream.toSamples("float32").map((sample) => sample / 2);
              await given(channels).publish(params.to, AudioStream.fromSamples(halved, stream));
              yield stream.toAudio();
            }
          },
        };
      },
    }),
    defineNode({
      type: "talk.listen",
      summary: "For each input, gives the next value of a channel.",
      params: v.object({ from: v.string() }),
      inputs: { in: ["any"] },
      outputs: { out: ["any"] },
      create: ({ params, channels, nodeId }) => {
        const subscription = given(channels).subscribe<RuntimeData>(params.from, nodeId);
        return {
          async process() {
            const { value } = await subscription.next();
            return value;
          },
        };
      },
    }),
    defineNode({
      type: "talk.has",
      summary: "Says whether it has channels.",
      inputs: { in: ["any"] },
      outputs: { out: ["json"] },
      create: ({ channels }) => ({ process: () => RuntimeData.json(channels !== undefined) }),
    }),
  ],
});
