/**
 * Writes `remote/gen/`: TypeScript for the messages of `remote/proto/`, one
 * folder for each generation of the wire form, and one for the standard
 * services of gRPC. The two generations have one package name and different
 * fields, so each folder is compiled by itself.
 *
 * Run by `deno task generate`.
 *
 * @module
 */

import { rm } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { ROOT } from "./lib/files.ts";
import { runProcess } from "./lib/run_process.ts";
import { runScript } from "./lib/run_script.ts";

const DEADLINE_MS = 120_000;

/** Folders of `remote/proto/` and of `remote/gen/`. */
const SOURCES = ["v003", "v004", "grpc"] as const;

/** Enums become plain objects, and imports keep their `.ts`, since the sources run as they are. */
const PLUGIN_OPTIONS = ["target=ts", "import_extension=ts", "erasable_syntax=true"];

async function generateMessages(source: string): Promise<void> {
  const folder = join(ROOT, "remote/gen", source);
  await rm(folder, { recursive: true, force: true });
  const plugin = ["run", "--quiet", "-A", "npm:@bufbuild/protoc-gen-es/protoc-gen-es"];
  const template = {
    version: "v2",
    plugins: [{ local: [process.execPath, ...plugin], out: folder, opt: PLUGIN_OPTIONS, strategy: "all" }],
  };
  const args = ["generate", `remote/proto/${source}`, "--template", JSON.stringify(template)];
  const result = await runProcess({
    command: process.execPath,
    args: ["run", "--quiet", "-A", "npm:@bufbuild/buf/buf", ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    deadlineMs: DEADLINE_MS,
  });
  if (!result.ok) throw new Error(`buf generate ${source}: ${result.ending}\n${result.output.trim()}`);
}

if (import.meta.main) {
  await runScript(async () => {
    for (const source of SOURCES) await generateMessages(source);
    return 0;
  });
}
