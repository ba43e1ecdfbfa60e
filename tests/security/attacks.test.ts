import assert from "node:assert/strict";
import { type FileHandle, mkdtemp, open as openFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import {
  createRuntime,
  type LogEntry,
  type PlacedPlugin,
  type Runtime,
  RuntimeData,
  StreamrackError,
} from "../../mod.ts";
import { runtimeInfo } from "../../workers/adapters/runtime_info.ts";
import { NODE_SINCE } from "../../workers/box/gaps.ts";
import { runProcess } from "../../scripts/lib/run_process.ts";
import { rejectionOf } from "../_support/errors.ts";
import { attackNames } from "../_support/plugins/attacks.ts";
import { chain, testPlugin } from "../_support/runtime.ts";

const { name: RUNTIME, version: VERSION } = runtimeInfo();
const ENFORCES = RUNTIME === "deno" || (RUNTIME === "node" && Number.parseInt(VERSION) >= NODE_SINCE);
const ATTACKS = attackNames(RUNTIME);

/** Those for which a runtime ends the thread or process by an error that nobody can catch; nothing was reached then. */
const CONTAINED = { node: ["listen"], deno: ["listen", "send a datagram"], bun: [] as string[] }[RUNTIME];
/** Nothing stops these; docs/security.md says so. */
const OPEN = {
  worker: { node: ["read a file that the host has open"], deno: ["signal the host"], bun: [] as string[] }[RUNTIME],
  process: [] as string[],
};
/** Those that need more than a plugin that may do everything has, or would leave a trace in the lock file. */
const NEVER_REAL = {
  worker: [
    "read by a link",
    ...(RUNTIME === "deno"
      ? ["ask for permission", "read a file that the host has open", "import by the network"]
      : []),
  ],
  // A process has none of the files of the host.
  process: [
    ...["read by a link", "read a file that the host has open"],
    ...(RUNTIME === "deno" ? ["ask for permission", "import by the network"] : []),
  ],
};

const boxed = (options: Omit<PlacedPlugin, "plugin">) =>
  createRuntime({ plugins: [{ plugin: testPlugin("attacks"), ...options }], killGraceMs: 1_500 });

describe("attacks", () => {
  let folder: string;
  let secret: string;
  let open: FileHandle;
  let server: Server;
  let port: number;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "streamrack-"));
    secret = join(folder, "secret");
    await writeFile(secret, "the secret");
    open = await openFile(secret);
    await writeFile(`${secret}.mjs`, 'export default "the secret";');
    process.env["STREAMRACK_TEST_SECRET"] = "the secret";
    server = createServer((_request, response) => {
      response.setHeader("content-type", "text/javascript");
      response.end('export default "reached";');
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    ({ port } = server.address() as AddressInfo);
  });

  after(async () => {
    delete process.env["STREAMRACK_TEST_SECRET"];
    await open.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true });
  });

  async function attempt(runtime: Runtime, attack: string): Promise<{ stopped: boolean; what: string }> {
    const manifest = chain(["attacks.try", { attack, secret, port, fd: open.fd, pid: process.pid }]);
    try {
      const { outputs } = await runtime.execute(manifest, { n0: RuntimeData.text("go") });
      return RuntimeData.asJson(outputs["n0"]![0]!) as { stopped: boolean; what: string };
    } catch (error) {
      if (CONTAINED.includes(attack) && StreamrackError.is(error) && error.reason === "worker-crashed") {
        return { stopped: true, what: error.message };
      }
      throw error;
    }
  }

  for (const tier of ["worker", "process"] as const) {
    // A runtime that cannot hold grants refuses the plugin, which a test of its own shows.
    const describeHeld = ENFORCES ? describe : describe.skip;
    describeHeld(`on a plugin in the tier ${tier} with grants`, () => {
      let runtime: Runtime;
      before(async () => {
        runtime = await boxed({ tier, grants: {} });
      });
      after(() => runtime.close());

      it("reach nothing, whatever is tried", async () => {
        const escaped: string[] = [];
        for (const attack of ATTACKS) {
          const { stopped, what } = await attempt(runtime, attack);
          if (!stopped) escaped.push(`${attack}: ${what}`);
        }
        assert.deepEqual(escaped.map((text) => text.split(":")[0]), OPEN[tier], escaped.join("\n"));
        const session = await runtime.open(chain("attacks.exit"));
        assert.deepEqual((await session.metrics()).unenforced, []);
        await session.cancel();
      });

      it("reach what was granted, and nothing beside it", async () => {
        const net = RUNTIME === "deno" ? [`127.0.0.1:${port}`] : true;
        await using runtime = await boxed({ tier, grants: { read: [secret], env: ["STREAMRACK_TEST_SECRET"], net } });
        for (const attack of ["read a file", "read the environment", "connect out", "fetch"]) {
          const { stopped, what } = await attempt(runtime, attack);
          assert.equal(stopped, false, `${attack}: ${what}`);
        }
        for (const attack of ["import a file", "write a file", "spawn", "read the current folder"]) {
          assert.equal((await attempt(runtime, attack)).stopped, true, attack);
        }
        if (RUNTIME === "deno") assert.equal((await attempt(runtime, "listen")).stopped, true, "listen");
      });
    });

    it(`are refused in the tier ${tier} where it cannot be held, before any code of the plugin runs`, async () => {
      // On Node these hold as a whole only, on Bun nothing does.
      if (RUNTIME === "deno") return;
      const error = await rejectionOf(boxed({ tier, grants: { net: ["127.0.0.1"] } }));
      assert.equal(error.reason, "permission-denied", error.message);
      if (ENFORCES) assert.deepEqual(error.problems.map(({ path }) => path), ["grants.net"]);
      else assert.match(error.message, /Run it on/);
    });

    it(`are let through in the tier ${tier} where that is allowed, which is told`, async () => {
      if (RUNTIME === "deno") return;
      const logs: LogEntry[] = [];
      await using runtime = await createRuntime({
        plugins: [{ plugin: testPlugin("attacks"), tier, grants: { net: ["example.com"] }, allowUnenforced: true }],
        onLog: (entry) => void logs.push(entry),
      });
      assert.deepEqual(logs.map(({ level, pluginName }) => [level, pluginName]), [["warn", "attacks"]]);
      assert.match(logs[0]!.message, /allowUnenforced/);
      assert.equal((await attempt(runtime, "connect out")).stopped, false);
      assert.equal((await attempt(runtime, "read a file")).stopped, ENFORCES);
      const session = await runtime.open(chain("attacks.exit"));
      assert.deepEqual((await session.metrics()).unenforced, ["attacks"]);
      await session.cancel();
    });
  }

  it("leave a process without a part of the environment that it was not granted, also where nothing else holds", async () => {
    await using runtime = await boxed({ tier: "process", grants: { net: ["example.com"] }, allowUnenforced: true });
    assert.equal((await attempt(runtime, "read the environment")).stopped, true);
  });

  it("are refused where a plugin needs what it was not granted", async () => {
    const { reason, problems } = await rejectionOf(
      createRuntime({
        plugins: [{ plugin: testPlugin("needy"), grants: { read: ["./data"] }, allowUnenforced: true }],
      }),
    );
    assert.equal(reason, "permission-denied");
    assert.deepEqual(problems.map(({ path, received }) => [path, received]), [
      ["grants.read", JSON.stringify(fileURLToPath(new URL("./models", testPlugin("needy"))))],
      ["grants.net", '"api.example.com:443"'],
    ]);
  });

  it("are refused in a thread on Deno unless its flag is set, which is noticed before it ends the process", async () => {
    if (RUNTIME !== "deno") return;
    // The configuration of this repository sets it.
    const args = [
      "run",
      "-A",
      "--no-config",
      `--import-map=${fileURLToPath(new URL("../../deno.json", import.meta.url))}`,
    ];
    const program = fileURLToPath(new URL("../_support/programs/boxed_thread.ts", import.meta.url));
    const said = async (...flags: string[]) => {
      const { ok, stdout, output } = await runProcess({
        command: process.execPath,
        args: [...args, ...flags, program],
        deadlineMs: 60_000,
      });
      assert.ok(ok, output);
      return stdout;
    };
    assert.match(await said(), /^permission-denied .*--unstable-worker-options.*tier: "process"/);
    assert.equal((await said("--unstable-worker-options")).trim(), "held");
  });

  for (const tier of ["worker", "process"] as const) {
    it(`succeed in the tier ${tier} with the rights of the process: each is a real one`, async () => {
      await using runtime = await boxed({ tier, grants: true });
      for (const attack of ATTACKS.filter((name) => !NEVER_REAL[tier].includes(name))) {
        const { stopped, what } = await attempt(runtime, attack);
        assert.equal(stopped, false, `${attack}: ${what}`);
      }
    });
  }
});

describe("how a plugin is named", () => {
  const refusal = async (options: object) => await rejectionOf(boxed(options));

  it("refuses grants that are none, and options that do not fit the tier", async () => {
    const { reason, problems } = await refusal({
      tier: "worker",
      grant: { read: ["./x"] },
      grants: { reed: ["./x"], net: "example.com" },
      allowUnenforced: 1,
      maxRssBytes: 1e9,
    });
    assert.equal(reason, "invalid-options");
    assert.deepEqual(problems.map(({ path }) => path), [
      "plugins.grant",
      "plugins.grants.reed",
      "plugins.grants.net",
      "plugins.allowUnenforced",
      "plugins.maxRssBytes",
    ]);
    assert.deepEqual((await refusal({ tier: "thread" })).problems.map(({ path }) => path), ["plugins.tier"]);
  });

  it("refuses to let a plugin with grants share threads", async () => {
    const error = await rejectionOf(createRuntime({
      plugins: [{ plugin: testPlugin("attacks"), grants: {}, allowUnenforced: true }],
      trust: [["attacks", "audio"]],
    }));
    assert.equal(error.reason, "invalid-options");
    assert.match(error.message, /share threads/);
  });
});
