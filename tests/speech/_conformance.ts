/** What the suites need for the nodes of speech: programs and a service that answer the same everywhere. */

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { RuntimeData } from "../../core/plugin.ts";
import { openaiTranscription } from "../../plugins/asr/openai.ts";
import { pocketsphinxSpeech } from "../../plugins/asr/pocketsphinx.ts";
import { whisperSpeech } from "../../plugins/asr/whisper.ts";
import { flite } from "../../plugins/tts/flite.ts";
import { openaiSpeech } from "../../plugins/tts/openai.ts";
import type { AnyRunnerType } from "../../runners/mod.ts";
import type { ConformanceOptions, RunnerConformanceOptions } from "../../testing/mod.ts";
import { begin, event, ModelServer } from "../runners/_model_server.ts";

const scriptPath = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** All of it, started. */
export interface SpeechServices {
  /** For the suite of nodes. */
  readonly nodes: ConformanceOptions["nodes"];
  /** For the suite of runners. */
  readonly runners: readonly (readonly [type: AnyRunnerType, options: RunnerConformanceOptions])[];
  stop(): Promise<void>;
}

/** Starts all of it. */
export async function startSpeechServices(): Promise<SpeechServices> {
  const server = await ModelServer.start();
  server.answer = ({ path }, response) => {
    if (path.endsWith("/speech")) return void response.writeHead(200).end(new Uint8Array(9600));
    begin(response);
    response.write(event({ type: "transcript.text.delta", delta: "one" }));
    response.end(event({ type: "transcript.text.done", text: "one two" }));
  };
  const folder = await mkdtemp(join(tmpdir(), "streamrack-conformance-"));
  const [modelPath, otherPath] = [join(folder, "model"), join(folder, "other")];
  for (const path of [modelPath, otherPath]) {
    await mkdir(join(path, "en-us"), { recursive: true });
    for (const name of ["en-us.lm.bin", "cmudict-en-us.dict"]) await writeFile(join(path, name), "");
  }
  process.env["STREAMRACK_POCKETSPHINX"] = scriptPath("./fake_pocketsphinx.sh");
  process.env["STREAMRACK_WHISPER"] = scriptPath("./fake_whisper.sh");

  const audio = RuntimeData.audio({ samples: new Int16Array(3200), sampleRate: 16_000 });
  const speech = { in: [audio, RuntimeData.audio({ samples: new Float32Array(1600), sampleRate: 16_000 })] };
  const baseUrl = server.baseUrl;
  const service = { params: { baseUrl }, otherModel: { model: "other" } };
  const program = { params: { modelPath }, otherModel: { modelPath: otherPath } };
  const heard = () => ({ inputs: { audio } });
  const said = () => ({ inputs: { text: "One. Two." } });
  // Answers tell how long they took.
  const deterministic = false;
  return {
    nodes: {
      "asr.openai": { params: { baseUrl }, samples: speech, deterministic },
      "asr.pocketsphinx": { params: { modelPath }, samples: speech, deterministic },
      "asr.whisper": { params: { modelPath }, samples: speech, deterministic },
      "tts.flite": {
        params: { voice: "kal16" },
        samples: { in: [RuntimeData.text("Hello. Good bye.")] },
        deterministic,
      },
      "tts.openai": { params: { baseUrl }, samples: { in: [RuntimeData.text("hello")] }, deterministic },
    },
    runners: [
      [openaiTranscription, { ...service, request: heard, badRequest: said }],
      [pocketsphinxSpeech, { ...program, request: heard, badRequest: said }],
      [whisperSpeech, { ...program, request: heard, badRequest: said }],
      [flite, { params: { voice: "kal16" }, request: said, badRequest: heard }],
      [openaiSpeech, { ...service, request: said, badRequest: heard }],
    ],
    async stop() {
      for (const name of ["STREAMRACK_POCKETSPHINX", "STREAMRACK_WHISPER"]) delete process.env[name];
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
