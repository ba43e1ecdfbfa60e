/**
 * Type tests of the embedding API: nothing here runs, `deno check` is the test.
 *
 * @module
 */

import { type createPlan, createRuntime, type Manifest, type Plan, RuntimeData, type Session } from "../../mod.ts";
import type { Equal, Expect } from "./_expect.ts";

const manifest: Manifest = {
  version: "v1",
  nodes: [{ id: "gain", node_type: "audio.gain", params: { gainDb: -6 } }, { id: "b", node_type: "audio.level" }],
  connections: [{ from: "gain", to: "b", from_port: "out" }],
};

/** Never called. */
export async function embed(): Promise<void> {
  await using runtime = await createRuntime({ plugins: [new URL("./mine.ts", import.meta.url), "their-plugin"] });
  const audio = RuntimeData.audio({ samples: new Float32Array(1), sampleRate: 8000 });

  const { outputs, metrics } = await runtime.execute(manifest, { gain: audio });
  type _P50 = Expect<Equal<typeof metrics.nodes[string]["p50Ms"], number>>;
  for (const values of Object.values(outputs)) for (const data of values) data satisfies RuntimeData;

  await using session: Session = await runtime.open(manifest, { signal: AbortSignal.timeout(1000) });
  await session.send(audio, { to: "gain", copy: true });
  for await (const { nodeId, data, sequence, port } of session) {
    type _Output = Expect<Equal<[typeof nodeId, typeof sequence, typeof port], [string, number, string]>>;
    data satisfies RuntimeData;
  }
  await session.finish();
  session.flush() satisfies void;
  await session.cancel("reason");
  new ReadableStream<RuntimeData>().pipeThrough(session) satisfies ReadableStream<{ readonly data: RuntimeData }>;

  // @ts-expect-error what is sent must be RuntimeData
  await session.send("text");
  // @ts-expect-error there is no such option
  await session.send(audio, { node: "gain" });
  // @ts-expect-error a manifest has a version
  await runtime.open({ nodes: [] });
  // @ts-expect-error a state is only read
  session.state = "done";
}

type _Plan = Expect<Equal<ReturnType<typeof createPlan>, Plan>>;
