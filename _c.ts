import { Client, credentials } from "@grpc/grpc-js";
import { Buffer } from "node:buffer";
import process from "node:process";
import fs from "node:fs";
import { encode, RawClient, V004 } from "./tests/remote/_service_kit.ts";
import { RemotePipelineClient } from "./remote/mod.ts";
import { RuntimeData } from "./mod.ts";
const [, , what, addr, pid, n] = process.argv;
const N = Number(n);
const cpu = () => {
  const s = fs.readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
  return (Number(s[11]) + Number(s[12])) * 10;
};
const req = (request: object) => encode(V004.StreamRequestSchema, { request });
async function raw(path: string | undefined, msgs: (i: number) => Uint8Array, pre: Uint8Array[], post: Uint8Array[]) {
  const c = new RawClient(addr!);
  const s = path ? c.stream(path) : c.stream();
  let got = 0;
  const rd = (async () => {
    for await (const _ of s.call) got++;
  })();
  for (const p of pre) await s.write(p);
  for (let i = 0; i < N; i++) await s.write(msgs(i));
  for (const p of post) await s.write(p);
  s.call.end();
  await rd;
  c.close();
  return got;
}
for (let k = 0; k < 3; k++) {
  const t = performance.now(), c0 = cpu(), m0 = process.cpuUsage();
  let got = 0;
  if (what === "echo") {
    const b = new Uint8Array(6450);
    got = await raw("/bench.Echo/Bidi", () => b, [], []);
  } else if (what === "raw") {
    const samples = new Uint8Array(6400);
    got = await raw(
      undefined,
      (i) =>
        req({
          case: "dataChunk",
          value: {
            nodeId: "p",
            sequence: BigInt(i),
            buffer: {
              dataType: {
                case: "audio",
                value: { samples, sampleRate: 16000, channels: 1, format: 1, numSamples: 1600n },
              },
            },
          },
        }),
      [req({
        case: "init",
        value: { clientVersion: "v1", manifest: { version: "v1", nodes: [{ id: "p", nodeType: "PassThrough" }] } },
      })],
      [req({ case: "control", value: { command: 1 } })],
    );
  } else {
    const cl = new RemotePipelineClient(addr!);
    async function* chunks() {
      for (let i = 0; i < N; i++) yield RuntimeData.audio({ samples: new Float32Array(1600), sampleRate: 16000 });
    }
    for await (
      const _ of cl.streamPipeline({ version: "v1", nodes: [{ id: "p", node_type: "PassThrough" }] }, chunks())
    ) got++;
    await cl.disconnect();
  }
  const m = process.cpuUsage(m0);
  const dt = performance.now() - t;
  console.log(
    what,
    got,
    "server cpu us/chunk",
    ((cpu() - c0) * 1000 / N).toFixed(1),
    "client cpu us/chunk",
    ((m.user + m.system) / N).toFixed(1),
    "wall",
    Math.round(N / dt * 1000) + "/s",
  );
}
process.exit();
