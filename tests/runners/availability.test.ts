/** A router in a plugin that may do less than its first runner needs: the next one is asked. */

import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import {
  createRuntime,
  type JsonValue,
  type Manifest,
  type PlacedPlugin,
  RuntimeData,
  StreamingNodeRegistry,
} from "../../mod.ts";
import { runtimeInfo } from "../../workers/adapters/runtime_info.ts";
import { NODE_SINCE } from "../../workers/box/gaps.ts";
import { chat, ModelServer } from "./_model_server.ts";

const LLM = new URL("../../plugins/llm/mod.ts", import.meta.url);
/** An installed package may read itself; here its code lies in folders. */
const CODE = [fileURLToPath(new URL("../../plugins/", import.meta.url))];
const KEY_ENV = "STREAMRACK_TEST_ROUTING_KEY";
const { name: RUNTIME, version: VERSION } = runtimeInfo();
const ENFORCES = RUNTIME === "deno" || (RUNTIME === "node" && Number.parseInt(VERSION) >= NODE_SINCE);

describe("llm.any with grants", { skip: !ENFORCES && `${RUNTIME} cannot hold grants` }, () => {
  let first: ModelServer;
  let second: ModelServer;
  before(async () => {
    process.env[KEY_ENV] = "sk-test-routing";
    [first, second] = [await ModelServer.start(), await ModelServer.start()];
    first.answer = (_, response) => chat(response, ["first"]);
    second.answer = (_, response) => chat(response, ["second"]);
  });
  after(async () => {
    delete process.env[KEY_ENV];
    await Promise.all([first.stop(), second.stop()]);
  });

  const hostOf = ({ baseUrl }: ModelServer) => new URL(baseUrl).host;

  async function ask(grants: Exclude<PlacedPlugin["grants"], true | undefined>) {
    const registry = new StreamingNodeRegistry();
    const runtime = await createRuntime({ registry, plugins: [{ plugin: LLM, grants: { ...grants, read: CODE } }] });
    try {
      const runners = [
        { runner: "llm.openai", name: "first", params: { baseUrl: first.baseUrl, apiKeyEnv: KEY_ENV } },
        { runner: "llm.openai", name: "second", params: { baseUrl: second.baseUrl } },
      ];
      const nodes: Manifest["nodes"] = [{ id: "llm", node_type: "llm.any", params: { runners } as JsonValue }];
      const { outputs } = await runtime.execute({ version: "v1", nodes }, { llm: RuntimeData.text("hi") });
      const values = outputs["llm"] ?? [];
      const { failures = [], attempts } = values.at(-1)?.metadata ?? {};
      const codes = (failures as { runner: string; code: string; message: string }[])
        .map(({ runner, code, message }) => [runner, code, message.split(":")[0]]);
      return { said: values.map((data) => RuntimeData.asText(data)).join(""), attempts, codes };
    } finally {
      await runtime.close();
    }
  }

  // Node grants the network as a whole only.
  const net = (...servers: readonly ModelServer[]) => RUNTIME === "node" ? true as const : servers.map(hostOf);

  it("asks the first one where it may", async () => {
    assert.deepEqual(await ask({ net: net(first, second), env: [KEY_ENV] }), { said: "first", attempts: 1, codes: [] });
    assert.equal(first.last.headers.authorization, "Bearer sk-test-routing");
  });

  it("passes over one whose key it may not read", async () => {
    const codes = [["first", "E401", "there is no key for the service"]];
    assert.deepEqual(await ask({ net: net(first, second) }), { said: "second", attempts: 1, codes });
  });

  it("asks the next one where it may not connect", { skip: RUNTIME === "node" && "no hosts" }, async () => {
    const { codes: told, ...rest } = await ask({ net: net(second), env: [KEY_ENV] });
    assert.deepEqual(rest, { said: "second", attempts: 2 });
    assert.deepEqual(told.map(([runner, code, message]) => [runner, code, message?.startsWith("the plugin may not")]), [
      ["first", "E401", true],
    ]);
  });

  it("says what it may not, where nobody may", async () => {
    const error = await ask({ env: [KEY_ENV] }).then(() => undefined, (thrown) => thrown);
    assert.deepEqual([error?.reason, error?.code, error?.nodeId], ["unauthenticated", "permission-denied", "llm"]);
    assert.match(error.message, /may not connect to [^]*first[^]*second/);
    assert.match(error.remedy, /Grant it to the plugin/);
  });
});

describe("llm.local with grants", { skip: !ENFORCES && `${RUNTIME} cannot hold grants` }, () => {
  it("says that it may not look for a model, rather than that there is none", async () => {
    const registry = new StreamingNodeRegistry();
    const runtime = await createRuntime({ registry, plugins: [{ plugin: LLM, grants: { read: CODE } }] });
    try {
      const model = join(tmpdir(), "streamrack-no-model");
      const nodes = [{ id: "llm", node_type: "llm.local", params: { model } }];
      const error = await runtime.open({ version: "v1", nodes }).then(() => undefined, (thrown) => thrown);
      assert.deepEqual([error?.reason, error?.code, error?.nodeId], ["unauthenticated", "permission-denied", "llm"]);
      assert.match(error.message, /may not look for .*streamrack-no-model/);
    } finally {
      await runtime.close();
    }
  });
});

describe("llm.any where grants cannot be held", { skip: ENFORCES && "they are" }, () => {
  it("is refused with grants", async () => {
    const plugins = [{ plugin: LLM, grants: { net: true } }] as const;
    const made = createRuntime({ registry: new StreamingNodeRegistry(), plugins });
    await assert.rejects(made, { reason: "permission-denied" });
  });
});
