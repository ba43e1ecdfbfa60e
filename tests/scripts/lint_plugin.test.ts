import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ROOT } from "../../scripts/lib/files.ts";
import { runProcess } from "../../scripts/lib/run_process.ts";
import { runtimePath } from "../../scripts/toolchain.ts";

const BREACHES = {
  "core/wait.ts": ["no-atomics-wait", `Atomics.wait(new Int32Array(1), 0, 0);`],
  "core/wait_async.ts": ["no-atomics-wait", `Atomics["waitAsync"](new Int32Array(1), 0, 0);`],
  "core/tee.ts": ["no-tee", `new ReadableStream().tee();`],
  "workers/parent.ts": ["no-node-port-events", `parentPort.on("message", console.log);`],
  "workers/port.ts": ["no-node-port-events", `port1.once("message", console.log);`],
  "core/deno.ts": ["no-runtime-globals", `Deno.cwd();`],
  "plugins/x/bun.ts": ["no-runtime-globals", `Bun.file("x");`],
} as const;

const ALLOWED = {
  "workers/deno.ts": `Deno.cwd();`,
  "core/fine.ts": `Atomics.notify(new Int32Array(1), 0); emitter.on("message", console.log); port.onmessage = null;`,
} as const;

describe("lint_plugin", () => {
  let folder = "";
  let findings: { file: string; code: string }[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "streamrack-lint-"));
    const breaches = Object.entries(BREACHES).map(([path, [, code]]) => [path, code] as const);
    for (const [path, code] of [...breaches, ...Object.entries(ALLOWED)]) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), `${code}\n`);
    }
    const config = { lint: { plugins: [join(ROOT, "scripts/lint_plugin.ts")], rules: { tags: [] } } };
    await writeFile(join(folder, "deno.json"), JSON.stringify(config));
    const command = await runtimePath("deno");
    const result = await runProcess({ command, args: ["lint", "--json"], cwd: folder, deadlineMs: 60_000 });
    const { diagnostics }: { diagnostics: { filename: string; code: string }[] } = JSON.parse(result.stdout);
    findings = diagnostics.map(({ filename, code }) => ({ file: filename, code: code.replace("streamrack/", "") }));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const rulesFor = (path: string) => findings.filter(({ file }) => file.endsWith(path)).map(({ code }) => code);

  for (const [path, [rule]] of Object.entries(BREACHES)) {
    it(`${rule} reports ${path}`, () => assert.deepEqual(rulesFor(path), [rule]));
  }

  it("leaves the rest alone", () => {
    for (const path of Object.keys(ALLOWED)) assert.deepEqual(rulesFor(path), [], path);
  });
});
