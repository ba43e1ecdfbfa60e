/** What the conformance suite needs for the nodes of speech: programs and a service that answer the same everywhere. */

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { RuntimeData } from "../../core/plugin.ts";
import type { ConformanceOptions } from "../../testing/mod.ts";
import { begin, event, ModelServer } from "../runners/_model_server.ts";

const scriptPath = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** Starts all of it. `stop` ends it. */
export async function speechNodes(): Promise<{ nodes: ConformanceOptions["nodes"]; stop(): Promise<void> }> {
  const server = await ModelServer.start();
  server.answer = ({ path }, response) => {
    if (path.endsWith("/speech")) return void response.writeHead(200).end(new Uint8Array(9600));
    begin(response);
    response.write(event({ type: "transcript.text.delta", delta: "one" }));
    response.end(event({ type: "transcript.text.done", text: "one two" }));
  };
  const folder = await mkdtemp(join(tmpdir(), "streamrack-conformance-"));
  const modelPath = join(folder, "model");
  await mkdir(join(modelPath, "en-us"), { recursive: true });
  for (const name of ["en-us.lm.bin", "cmudict-en-us.dict"]) await writeFile(join(modelPath, name), "");
  process.env["STREAMRACK_POCKETSPHINX"] = scriptPath("./fake_pocketsphinx.sh");
  process.env["STREAMRACK_WHISPER"] = scriptPath("./fake_whisper.sh");

  const audio = RuntimeData.audio({ samples: new Int16Array(3200), sampleRate: 16_000 });
  const speech = { in: [audio, RuntimeData.audio({ samples: new Float32Array(1600), sampleRate: 16_000 })] };
  const baseUrl = server.baseUrl;
  // Answers tell how long they took.
  const deterministic = false;
  return {
    nodes: {
      "asr.openai": { params: { baseUrl }, samples: speech, deterministic },
      "asr.pocketsphinx": { params: { modelPath }, samples: speech, deterministic },
      "asr.whisper": { params: { modelPath }, samples: speech, deterministic },
      "tts.flite": { samples: { in: [RuntimeData.text("Hello. Good bye.")] }, deterministic },
      "tts.openai": { params: { baseUrl }, samples: { in: [RuntimeData.text("hello")] }, deterministic },
    },
    async stop() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
