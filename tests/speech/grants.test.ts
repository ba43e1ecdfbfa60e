/** A recogniser that is a program, in a plugin that may do no more than it needs. */

import assert from "node:assert/strict";
import { chmod, copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { createRuntime, type PlacedPlugin, RuntimeData, StreamingNodeRegistry } from "../../mod.ts";
import { runtimeInfo } from "../../workers/adapters/runtime_info.ts";
import { describeHeld, ENFORCES } from "../_support/enforces.ts";
import { rejectionOf } from "../_support/errors.ts";
import { processesWith } from "./_engines.ts";

const ASR = new URL("../../plugins/asr/mod.ts", import.meta.url);
const { name: RUNTIME } = runtimeInfo();

type Grants = Exclude<PlacedPlugin["grants"], undefined>;

let folder: string;
let program: string;
let modelPath: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "streamrack-grants-"));
  program = join(folder, "whisper");
  modelPath = join(folder, "model.bin");
  await copyFile(fileURLToPath(new URL("./fake_whisper.sh", import.meta.url)), program);
  await chmod(program, 0o755);
  await writeFile(modelPath, "");
  process.env["STREAMRACK_WHISPER"] = program;
});
after(async () => {
  delete process.env["STREAMRACK_WHISPER"];
  await rm(folder, { recursive: true });
});

/** Has half a second of silence written down. */
async function transcribe({ tier, grants }: Omit<PlacedPlugin, "plugin">): Promise<string> {
  // Without our own plugins, of which this is one.
  const registry = new StreamingNodeRegistry();
  const runtime = await createRuntime({ registry, plugins: [{ plugin: ASR, tier, grants }], killGraceMs: 1_500 });
  try {
    const audio = RuntimeData.audio({ samples: new Int16Array(8000), sampleRate: 16_000 });
    const nodes = [{ id: "asr", node_type: "asr.whisper", params: { modelPath } }];
    const { outputs } = await runtime.execute({ version: "v1", nodes }, { asr: audio });
    return (outputs["asr"] ?? []).map((data) => RuntimeData.asText(data)).join();
  } finally {
    await runtime.close();
  }
}

for (const tier of ["worker", "process"] as const) {
  describeHeld(`a program that recognises speech, in the tier ${tier} with grants`, () => {
    const needed = () => ({
      // Node grants programs as a whole only.
      run: RUNTIME === "deno" ? [program] : true as const,
      read: [folder],
      // Deno's spawn looks at the last one.
      env: ["STREAMRACK_WHISPER", "PATH", "NODE_V8_COVERAGE"],
    });

    it("runs with what it needs, and leaves no process behind", async () => {
      assert.equal(await transcribe({ tier, grants: needed() }), "I heard 16044 bytes.");
      assert.deepEqual(await processesWith(folder), []);
    });

    it("says what it may not do: run the program, or look for it", async () => {
      const { run: _, ...withoutRun } = needed();
      const { read: __, ...withoutRead } = needed();
      const cases = [[withoutRun, /may not run ".*": .*(run access|restricted)/i], [withoutRead, /may not look for/]];
      for (const [grants, says] of cases as [Grants, RegExp][]) {
        const error = await rejectionOf(transcribe({ tier, grants }));
        assert.deepEqual([error.reason, error.code, error.nodeId], ["unauthenticated", "permission-denied", "asr"]);
        assert.match(error.message, says);
        assert.match(error.remedy ?? "", /Grant it to the plugin/);
      }
    });
  });
}

describe("a program that recognises speech, where grants cannot be held", () => {
  it("is refused with grants", { skip: ENFORCES ? "they are held here" : false }, async () => {
    const error = await rejectionOf(transcribe({ tier: "worker", grants: { run: true } }));
    assert.equal(error.reason, "permission-denied");
  });
});
