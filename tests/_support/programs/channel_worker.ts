/** Adds up the samples of what it hears in the channel "in", and tells in the channel "out", which it makes. */

import { parentPort, workerData } from "node:worker_threads";
import { connectChannels, RuntimeData } from "../../../core/plugin.ts";
import type { AudioStream } from "../../../core/plugin.ts";

const channels = connectChannels(workerData.port);
const out = await channels.createChannel("out", { kind: "json" });
parentPort?.postMessage("out");
for await (const stream of channels.subscribe<AudioStream>("in", "adder", { capacity: 2 })) {
  const sum = stream.toSamples("int16").reduce((total, sample) => total + sample, 0);
  await out.publish(RuntimeData.json({ i: stream.metadata["i"] ?? null, sum }));
}
await out.close();
await channels.disconnect();
