// What an application writes: our nodes and a third party's, by package name or by file URL (first argument), either
// trusted or, with a second argument, held to what an installed plugin is granted by default.
import { createRuntime, RuntimeData, StreamrackError } from "@streamrack/core";
import { PLUGIN_API_VERSION } from "@streamrack/core/plugin";
import process from "node:process";

const morse = process.argv[2] === "url"
  ? new URL("./node_modules/streamrack-plugin-morse/index.js", import.meta.url)
  : "streamrack-plugin-morse";

const plugin = process.argv[3] === "held" ? morse : { plugin: morse, version: "^1.0.0", grants: true };
const runtime = await createRuntime({ plugins: [plugin], resolveFrom: import.meta.url });
try {
  const manifest = {
    version: "v1",
    nodes: [
      { id: "upper", node_type: "text.case", params: { mode: "upper" } },
      { id: "tone", node_type: "morse.tone", params: { sampleRateHz: 8000 } },
      { id: "gain", node_type: "audio.gain", params: { gainDb: -6 } },
    ],
    connections: [{ from: "upper", to: "tone" }, { from: "tone", to: "gain" }],
  };
  const session = await runtime.open(manifest);
  await session.send(RuntimeData.text("sos"), { to: "upper" });
  session.finish();
  const letters = [];
  for await (const { data } of session) letters.push(data);
  const { nodes } = await session.metrics();

  const refused = await runtime.execute({ version: "v1", nodes: [{ id: "x", node_type: "no.such" }] }).catch((e) => e);
  const report = {
    letters: letters.length,
    frames: letters.reduce((sum, audio) => sum + audio.samples.length, 0),
    peak: Math.max(...letters.flatMap((audio) => [...audio.samples])),
    pluginsOfNodes: Object.values(nodes).map((node) => node.pluginName),
    threads: new Set(Object.values(nodes).map((node) => node.threadId)).size,
    refusedAs: StreamrackError.is(refused) ? refused.reason : String(refused),
    apiVersion: PLUGIN_API_VERSION,
  };
  console.log(JSON.stringify(report));
} finally {
  await runtime.close();
}
