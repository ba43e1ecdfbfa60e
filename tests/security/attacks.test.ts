import assert from "node:assert/strict";
import { type FileHandle, mkdir, mkdtemp, open as openFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { type AddressInfo, createServer as createSocketServer, type Server as SocketServer } from "node:net";
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
import { denoFlags, makeBox } from "../../workers/box/box.ts";
import { WORKER_ENTRY_URL } from "../../workers/entry_url.ts";
import { runProcess } from "../../scripts/lib/run_process.ts";
import { describeHeld, ENFORCES, itOn } from "../_support/enforces.ts";
import { rejectionOf } from "../_support/errors.ts";
import { attackNames } from "../_support/plugins/attacks.ts";
import type { Target } from "../_support/plugins/attacks/target.ts";
import { chain, testPlugin } from "../_support/runtime.ts";

const { name: RUNTIME } = runtimeInfo();
const ATTACKS = attackNames(RUNTIME);
const SECRET = "the secret";

/** Those for which a runtime ends the thread or process by an error that nobody can catch; nothing was reached then. */
const CONTAINED = {
  node: ["listen"],
  deno: ["listen", "send a datagram", "connect to a socket in a file"],
  bun: [] as string[],
}[RUNTIME];
/** Nothing stops these; docs/security.md says so. */
const OPEN = {
  worker: {
    node: ["learn whether a file is there", "read a file that the host has open", "learn what the machine is called"],
    deno: [
      "read the host's caches",
      "signal the host",
      "talk on a channel of the application",
      "wait for a lock of the application",
    ],
    bun: [] as string[],
  }[RUNTIME],
  process: {
    node: ["learn whether a file is there", "learn what the machine is called"],
    deno: [] as string[],
    bun: [] as string[],
  }[RUNTIME],
};
/** Those that need more than a plugin that may do everything has, or would leave a trace in the lock file. */
const NEVER_REAL = {
  worker: {
    node: ["read by a link", "open the inspector of the host"],
    deno: [
      ...["read by a link", "ask for permission", "read a file that the host has open", "import by the network"],
      "read the host's localStorage",
    ],
    bun: ["read by a link"],
  }[RUNTIME],
  // A process has none of the files, channels, locks and threads of the host.
  process: [
    ...["read by a link", "read a file that the host has open"],
    ...["talk on a channel of the application", "wait for a lock of the application"],
    ...(RUNTIME === "deno" ? ["ask for permission", "import by the network"] : []),
    ...(RUNTIME === "node" ? ["talk to a thread of the application", "inspect the main thread"] : []),
  ],
};

const ignore = () => {};

const boxed = (options: Omit<PlacedPlugin, "plugin">) =>
  createRuntime({ plugins: [{ plugin: testPlugin("attacks"), ...options }], killGraceMs: 1_500 });

/** What Deno and Node have beside the types that all runtimes have. */
const host = globalThis as unknown as {
  readonly caches?: {
    open(name: string): Promise<{ put(url: string, response: Response): Promise<void> }>;
    delete(name: string): Promise<boolean>;
  };
  readonly localStorage?: Storage;
};

describe("attacks", () => {
  let folder: string;
  let target: Target;
  let open: FileHandle;
  let server: Server;
  let socketServer: SocketServer;
  let channel: BroadcastChannel;
  let letGoOfLock = () => {};

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "streamrack-"));
    const secret = join(folder, "secret");
    const link = join(folder, "granted", "link");
    await mkdir(join(folder, "granted"));
    await writeFile(secret, SECRET);
    await writeFile(`${secret}.mjs`, `export default "${SECRET}";`);
    await writeFile(`${secret}.json`, `"${SECRET}"`);
    await writeFile(`${secret}.cjs`, `module.exports = "${SECRET}";`);
    await symlink(secret, link);
    open = await openFile(secret);
    process.env["STREAMRACK_TEST_SECRET"] = SECRET;
    server = createServer((_request, response) => {
      response.setHeader("content-type", "text/javascript");
      response.end('export default "reached";');
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    socketServer = createSocketServer((socket) => void socket.end());
    const socket = join(folder, "socket");
    await new Promise<void>((resolve) => socketServer.listen(socket, resolve));
    channel = new BroadcastChannel("streamrack-test");
    channel.onmessage = () => channel.postMessage("heard");
    if (RUNTIME === "deno") {
      await (await host.caches!.open("streamrack-test")).put("http://localhost/secret", new Response(SECRET));
      host.localStorage!.setItem("streamrack-test", SECRET);
    }
    if (RUNTIME === "node") {
      // Listened to, this signal does not open the inspector.
      process.on("SIGUSR1", ignore);
      process.on("workerMessage", ignore);
    }
    const { locks } = navigator as { readonly locks?: { request(name: string, use: () => Promise<void>): unknown } };
    void locks?.request("streamrack-test", () => new Promise<void>((resolve) => letGoOfLock = resolve));
    const { port } = server.address() as AddressInfo;
    target = { secret, link, port, socket, fd: open.fd, pid: process.pid };
  });

  after(async () => {
    delete process.env["STREAMRACK_TEST_SECRET"];
    await open.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await new Promise((resolve) => socketServer.close(resolve));
    channel.close();
    letGoOfLock();
    if (RUNTIME === "deno") {
      await host.caches!.delete("streamrack-test");
      host.localStorage!.removeItem("streamrack-test");
    }
    process.off("SIGUSR1", ignore);
    process.off("workerMessage", ignore);
    await rm(folder, { recursive: true });
  });

  async function attempt(runtime: Runtime, attack: string): Promise<{ stopped: boolean; what: string }> {
    const manifest = chain(["attacks.try", { attack, target: { ...target } }]);
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
        const net = RUNTIME === "deno" ? [`127.0.0.1:${target.port}`] : true;
        await using runtime = await boxed({
          tier,
          grants: { read: [target.secret], env: ["STREAMRACK_TEST_SECRET"], net },
        });
        for (const attack of ["read a file", "read the environment", "connect out", "fetch"]) {
          const { stopped, what } = await attempt(runtime, attack);
          assert.equal(stopped, false, `${attack}: ${what}`);
        }
        const beside = [
          "import a file",
          "write a file",
          "spawn",
          "read the current folder",
          "read by a link that is there",
        ];
        for (const attack of beside) {
          assert.equal((await attempt(runtime, attack)).stopped, true, attack);
        }
        if (RUNTIME === "deno") assert.equal((await attempt(runtime, "listen")).stopped, true, "listen");
      });

      it("follow a link that lies in what was granted, which they cannot make themselves", async () => {
        const granted = [join(folder, "granted")];
        await using runtime = await boxed({ tier, grants: { read: granted, write: granted } });
        // docs/security.md says so.
        const { what } = await attempt(runtime, "read by a link that is there");
        assert.equal(what, SECRET);
        for (const attack of ["read a file", "link to a file", "link a file anew"]) {
          assert.equal((await attempt(runtime, attack)).stopped, true, attack);
        }
      });

      it("change mode and times of a file that may only be read on Deno, and not even that on Node", async () => {
        await using runtime = await boxed({ tier, grants: { read: [target.secret] } });
        // docs/security.md says so.
        assert.equal((await attempt(runtime, "change the mode of a file")).stopped, RUNTIME === "node");
        assert.equal((await attempt(runtime, "write a file")).stopped, true);
      });
    });

    it(`are refused in the tier ${tier} where it cannot be held, before any code of the plugin runs`, async () => {
      // On Node these hold as a whole only, on Bun nothing does.
      if (RUNTIME === "deno") return await (await boxed({ tier, grants: { net: ["127.0.0.1"] } })).close();
      const error = await rejectionOf(boxed({ tier, grants: { net: ["127.0.0.1"] } }));
      assert.equal(error.reason, "permission-denied", error.message);
      if (ENFORCES) assert.deepEqual(error.problems.map(({ path }) => path), ["grants.net"]);
      else assert.match(error.message, /Run it on/);
    });

    it(`are let through in the tier ${tier} where that is allowed, which is told`, async () => {
      const isHeld = RUNTIME === "deno";
      const logs: LogEntry[] = [];
      await using runtime = await createRuntime({
        plugins: [{ plugin: testPlugin("attacks"), tier, grants: { net: ["example.com"] }, allowUnenforced: true }],
        onLog: (entry) => void logs.push(entry),
      });
      assert.deepEqual(
        logs.map(({ level, pluginName }) => [level, pluginName]),
        isHeld ? [] : [["warn", "attacks"]],
      );
      if (!isHeld) assert.match(logs[0]!.message, /allowUnenforced/);
      assert.equal((await attempt(runtime, "connect out")).stopped, isHeld);
      assert.equal((await attempt(runtime, "read a file")).stopped, ENFORCES);
      const session = await runtime.open(chain("attacks.exit"));
      assert.deepEqual((await session.metrics()).unenforced, isHeld ? [] : ["attacks"]);
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

  for (const tier of ["worker", "process"] as const) {
    itOn("deno", `ask a registry for a package in the tier ${tier}, in a thread alone and if it is let`, async () => {
      const asked: string[] = [];
      const registry = createServer(({ url }, response) => {
        asked.push(url ?? "");
        response.statusCode = 404;
        response.end("{}");
      });
      await new Promise<void>((resolve) => registry.listen(0, "127.0.0.1", resolve));
      try {
        const { port } = registry.address() as AddressInfo;
        const program = fileURLToPath(new URL("../_support/programs/importing_host.ts", import.meta.url));
        const isAsked = async (...flags: string[]) => {
          asked.length = 0;
          const { ok, output } = await runProcess({
            command: process.execPath,
            args: ["run", "-A", ...flags, program, tier],
            env: { NPM_CONFIG_REGISTRY: `http://127.0.0.1:${port}/` },
            deadlineMs: 60_000,
          });
          assert.ok(ok && output.includes("failed to import"), output);
          return asked.some((url) => url.includes("streamrack-secret"));
        };
        // docs/security.md says so.
        assert.equal(await isAsked(), tier === "worker");
        assert.equal(await isAsked("--cached-only"), false);
        assert.equal(await isAsked("--node-modules-dir=manual"), false);
      } finally {
        await new Promise((resolve) => registry.close(resolve));
      }
    });
  }

  itOn("deno", "find storage of the plugin's own in its process, which no other plugin has", () => {
    const places = ["attacks", "needy"].map((name) => {
      const { box } = makeBox({ tier: "process", url: testPlugin(name).href, grants: {} }, WORKER_ENTRY_URL);
      return denoFlags(box!).find((flag) => flag.startsWith("--location="));
    });
    assert.ok(places.every((place) => place !== undefined) && new Set(places).size === 2, places.join());
  });

  itOn(
    "deno",
    "are refused in a thread unless its flag is set, which is noticed before it ends the process",
    async () => {
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
    },
  );

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
