/** The voice agent of the examples, with a recogniser that a test can do with as it likes. */

import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type AudioData, loadManifest, type Manifest, RuntimeData } from "../../mod.ts";
import { FliteEngine } from "../../plugins/tts/flite/engine.ts";
import { ROOT } from "../../scripts/lib/files.ts";
import { onSources } from "../_support/on_sources.ts";
import { pocketSphinxPath, processesWith } from "./_engines.ts";

const EXAMPLE = new URL("../../examples/voice_agent/", import.meta.url);
const RATE_HZ = 16_000;
/** Samples of a chunk: 100 ms. */
const CHUNK = 1600;

/** How the recogniser behaves; see fake_pocketsphinx.sh. */
export type Behaviour = "hangs" | "dies" | "real";

export class AgentFiles {
  /** Holds the recogniser, by whose path its processes are known. */
  readonly #folder: string;
  /** Inside of the repository, whose node_modules the example needs. */
  readonly #code: string;
  readonly #engine: FliteEngine;

  private constructor(folder: string, code: string, engine: FliteEngine) {
    this.#folder = folder;
    this.#code = code;
    this.#engine = engine;
  }

  /** To be made before the runtime, whose workers take the environment as it is then. */
  static async make(): Promise<AgentFiles> {
    await mkdir(join(ROOT, "out"), { recursive: true });
    const code = await mkdtemp(join(ROOT, "out", "agent-"));
    for (const name of ["scripted_answers.ts", "conversation.ts"]) {
      await writeFile(join(code, name), onSources(await readFile(new URL(name, EXAMPLE), "utf8")));
    }
    const folder = await mkdtemp(join(tmpdir(), "streamrack-agent-"));
    const files = new AgentFiles(folder, code, await FliteEngine.load());
    await copyFile(fileURLToPath(new URL("./fake_pocketsphinx.sh", import.meta.url)), files.recognizer);
    await chmod(files.recognizer, 0o755);
    for (const name of ["en-us.lm.bin", "cmudict-en-us.dict"]) {
      await mkdir(join(files.model, "en-us"), { recursive: true });
      await writeFile(join(files.model, name), "");
    }
    process.env["STREAMRACK_POCKETSPHINX"] = files.recognizer;
    return files;
  }

  get recognizer(): string {
    return join(this.#folder, "pocketsphinx");
  }

  /** A model that is there, for the recogniser that needs none. */
  get model(): string {
    return join(this.#folder, "model");
  }

  /** The URL of a module of the example. */
  module(name: "scripted_answers" | "conversation"): URL {
    return pathToFileURL(join(this.#code, `${name}.ts`));
  }

  /** A manifest of the example, with other parameters for some nodes. */
  async manifest(name: "offline" | "service", params: { [nodeId: string]: object } = {}): Promise<Manifest> {
    const manifest = await loadManifest(new URL(`${name}.yaml`, EXAMPLE));
    const nodes = manifest.nodes.map((node) => ({ ...node, params: { ...node.params as object, ...params[node.id] } }));
    return { ...manifest, nodes } as Manifest;
  }

  /** Lets the recogniser behave in another way while something is done. */
  async behaving<T>(behaviour: Behaviour, use: () => Promise<T>): Promise<T> {
    const path = `${this.recognizer}.${behaviour}`;
    // By a link, the path of which stays in its command line.
    if (behaviour === "real") await symlink(pocketSphinxPath as string, path);
    else await writeFile(path, "");
    try {
      return await use();
    } finally {
      await rm(path);
    }
  }

  /** Processes of the recogniser. */
  running(): Promise<number[]> {
    return processesWith(this.#folder);
  }

  /** Chunks of the microphone: quiet, a sentence, and quiet for a second. */
  async say(sentence: string, startUs = 0): Promise<AudioData[]> {
    const { samples } = await this.#engine.speak(sentence, { voice: "slt", speed: 1 });
    const all = new Int16Array(samples.length + RATE_HZ + CHUNK);
    all.set(samples, CHUNK);
    const chunks: AudioData[] = [];
    for (let at = 0; at < all.length; at += CHUNK) {
      const timestampUs = startUs + Math.round(at / RATE_HZ * 1e6);
      chunks.push(RuntimeData.audio({ samples: all.slice(at, at + CHUNK), sampleRate: RATE_HZ, timestampUs }));
    }
    return chunks;
  }

  async remove(): Promise<void> {
    delete process.env["STREAMRACK_POCKETSPHINX"];
    for (const path of [this.#folder, this.#code]) await rm(path, { recursive: true, force: true });
  }
}
