/** Sends one very large chunk through two threads and prints by how many MiB the peak of memory grew meanwhile. */

import { createRuntime, RuntimeData } from "../../../mod.ts";
import { testPlugin } from "../runtime.ts";

const MIB = 1024 ** 2;
const peakMib = () => process.resourceUsage().maxRSS / 1024;

const runtime = await createRuntime({ plugins: [testPlugin("probe")], maxBytesInFlight: 1024 * MIB });
const session = await runtime.open({
  version: "v1",
  nodes: [{ id: "a", node_type: "util.passthrough" }, { id: "b", node_type: "probe.echo" }],
  connections: [{ from: "a", to: "b" }],
});
const outputs = session[Symbol.asyncIterator]();
const roundTrip = async (samples: Float32Array) => {
  await session.send(RuntimeData.audio({ samples, sampleRate: 48_000 }));
  return (await outputs.next()).value?.data as { samples: Float32Array };
};
await roundTrip(new Float32Array(MIB).fill(0.5)); // so that code and threads are paid for

const samples = new Float32Array(64 * MIB).fill(0.25); // 256 MiB, really touched
const before = peakMib();
const received = await roundTrip(samples);
const grown = peakMib() - before;
const isWhole = received.samples.length === 64 * MIB && received.samples.at(-1) === 0.25 && samples.length === 0;
console.log(JSON.stringify({ isWhole, grownMib: Math.round(grown) }));
await session.cancel();
await runtime.close();
