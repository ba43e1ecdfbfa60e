import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { createRuntime, type Grants, type Runtime, RuntimeData, StreamrackError } from "../../mod.ts";
import { runtimeInfo } from "../../workers/adapters/runtime_info.ts";
import { rejectionOf } from "../_support/errors.ts";
import { ATTACK_NAMES } from "../_support/plugins/attacks.ts";
import { chain, testPlugin } from "../_support/runtime.ts";

const { name: RUNTIME, version: VERSION } = runtimeInfo();
const ENFORCES = RUNTIME === "node" && Number.parseInt(VERSION) >= 25;

const boxed = (grants: Grants) => createRuntime({ plugins: [testPlugin("attacks")], grants, killGraceMs: 1_500 });

describe("a plugin in its box", () => {
  let folder: string;
  let secret: string;
  let server: Server;
  let port: number;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "streamrack-"));
    secret = join(folder, "secret");
    await writeFile(secret, "the secret");
    await writeFile(`${secret}.mjs`, 'export default "the secret";');
    process.env["STREAMRACK_TEST_SECRET"] = "the secret";
    server = createServer((_request, response) => response.end("reached"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    ({ port } = server.address() as AddressInfo);
  });

  after(async () => {
    delete process.env["STREAMRACK_TEST_SECRET"];
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true });
  });

  async function attempt(runtime: Runtime, attack: string): Promise<{ stopped: boolean; what: string }> {
    const manifest = chain(["attacks.try", { attack, secret, port }]);
    let outputs;
    try {
      ({ outputs } = await runtime.execute(manifest, { n0: RuntimeData.text("go") }));
    } catch (error) {
      // Node refuses some calls by an error that nobody can catch: the thread ends, and nothing was reached.
      if (StreamrackError.is(error) && error.reason === "worker-crashed" && /restricted/.test(error.message)) {
        return { stopped: true, what: error.message };
      }
      throw error;
    }
    return RuntimeData.asJson(outputs["n0"]![0]!) as { stopped: boolean; what: string };
  }

  if (!ENFORCES) {
    it("is refused where the runtime cannot hold it, before any of its code runs", async () => {
      const error = await rejectionOf(boxed({}));
      assert.equal(error.reason, "permission-denied", error.message);
    });
    return;
  }

  it("reaches nothing, whatever it tries", async () => {
    await using runtime = await boxed({});
    const escaped: string[] = [];
    for (const attack of ATTACK_NAMES) {
      const { stopped, what } = await attempt(runtime, attack);
      if (!stopped) escaped.push(`${attack}: ${what}`);
    }
    assert.deepEqual(escaped, []);
  });

  it("ends its own thread alone", async () => {
    await using runtime = await boxed({});
    const error = await rejectionOf(runtime.execute(chain("attacks.exit"), { n0: RuntimeData.text("go") }));
    assert.equal(error.reason, "worker-crashed");
  });

  it("reaches what it was granted, and nothing beside it", async () => {
    const grants = { attacks: { read: [secret], env: ["STREAMRACK_TEST_SECRET"], net: true } } as const;
    await using runtime = await boxed(grants);
    for (const attack of ["read a file", "read the environment", "connect out", "fetch"]) {
      const { stopped, what } = await attempt(runtime, attack);
      assert.equal(stopped, false, `${attack}: ${what}`);
    }
    for (const attack of ["import a file", "write a file", "spawn", "read the current folder"]) {
      assert.equal((await attempt(runtime, attack)).stopped, true, attack);
    }
  });

  it("leaves our own plugins as they are", async () => {
    await using runtime = await createRuntime({ grants: {} });
    const { outputs } = await runtime.execute(chain("util.passthrough"), { n0: RuntimeData.text("x") });
    assert.equal(outputs["n0"]!.length, 1);
  });

  it("is refused where a grant can be kept as a whole only", async () => {
    const error = await rejectionOf(boxed({ attacks: { net: ["127.0.0.1"] } }));
    assert.equal(error.reason, "permission-denied");
    assert.deepEqual(error.problems.map(({ path }) => path), ["net"]);
  });

  it("does what it likes without grants: each attack is a real one", async () => {
    await using runtime = await createRuntime({ plugins: [testPlugin("attacks")] });
    for (const attack of ATTACK_NAMES.filter((name) => name !== "read by a link")) {
      const { stopped, what } = await attempt(runtime, attack);
      assert.equal(stopped, false, `${attack}: ${what}`);
    }
  });
});
