/** The programs in `examples/remote`, against a service in a process of its own, with TLS and a token. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { ROOT } from "../../scripts/lib/files.ts";
import { ROOT_CERT, SERVICE_CERT, SERVICE_KEY } from "./_certificates.ts";
import { type ServeProcess, startServe } from "./_serve_process.ts";

const TOKEN = "a-token-of-the-examples";
const SELF = process.versions["deno"] !== undefined ? "deno" : process.versions["bun"] !== undefined ? "bun" : "node";

describe("examples/remote", () => {
  let folder: string;
  let serving: ServeProcess;
  before(async () => {
    // Inside of the repository, whose node_modules the runtimes look for.
    await mkdir(join(ROOT, "out"), { recursive: true });
    folder = await mkdtemp(join(ROOT, "out/examples-"));
    await writeFile(join(folder, "tokens"), TOKEN);
    for (const [name, pem] of Object.entries({ ROOT_CERT, SERVICE_CERT, SERVICE_KEY })) {
      await writeFile(join(folder, name), pem);
    }
    const tls = ["--tls-cert", join(folder, "SERVICE_CERT"), "--tls-key", join(folder, "SERVICE_KEY")];
    serving = await startServe(SELF, ["--token-file", join(folder, "tokens"), ...tls]);
  });
  after(async () => {
    await serving.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** Runs an example with its published names replaced by the sources, and gives what it printed. */
  const run = async (name: string): Promise<string[]> => {
    const sources: Record<string, string> = {
      "@streamrack/core/remote": "remote/mod.ts",
      "@streamrack/core": "mod.ts",
    };
    let code = await readFile(join(ROOT, "examples/remote", name), "utf8");
    for (const [published, source] of Object.entries(sources)) {
      code = code.replaceAll(`"${published}"`, JSON.stringify(pathToFileURL(join(ROOT, source)).href));
    }
    const file = join(folder, name);
    await writeFile(file, code);
    const flags = SELF === "deno" ? ["run", "-A", "--no-check"] : [];
    const env = { ...process.env, STREAMRACK_TOKEN: TOKEN, STREAMRACK_CA: join(folder, "ROOT_CERT") };
    const address = serving.address.replace("127.0.0.1", "localhost");
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, file, address], { env });
    return stdout.trim().split("\n");
  };

  it("simple_execution: version, four operations, and a refusal", async () => {
    const lines = await run("simple_execution.ts");
    assert.match(lines[0] ?? "", /^service \d+\.\d+\.\d+, protocol v1$/);
    assert.deepEqual(lines.slice(2).map((line) => line.replace(/ \(.*/, "")), [
      "10 add 5 = 15",
      "10 subtract 3 = 7",
      "10 multiply 3 = 30",
      "10 divide 2 = 5",
      'node "calc" refused to divide by zero',
    ]);
  });

  it("streaming_audio: ten chunks of 1600 samples in order", async () => {
    const lines = await run("streaming_audio.ts");
    assert.equal(lines.length, 11);
    lines.slice(0, 10).forEach((line, i) => assert.match(line, new RegExp(`^chunk ${i}: 1600 samples, \\d`)));
    assert.match(lines[10] ?? "", /^10 chunks/);
  });
});
