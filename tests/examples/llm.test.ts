/** The programs in `examples/llm`, against a service that says what the test wants. */

import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { parse } from "yaml";
import { createRuntime, type Manifest, RuntimeData } from "../../mod.ts";
import { ROOT } from "../../scripts/lib/files.ts";
import { chat, fail, ModelServer } from "../runners/_model_server.ts";
import { onSources } from "../_support/on_sources.ts";

describe("examples/llm", () => {
  let folder: string;
  let server: ModelServer;
  before(async () => {
    // Inside of the repository, whose node_modules they need.
    await mkdir(join(ROOT, "out"), { recursive: true });
    folder = await mkdtemp(join(ROOT, "out", "examples-"));
    server = await ModelServer.start();
  });
  after(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** Runs an example here, and gives all that it printed. */
  async function run(name: string): Promise<string> {
    const copy = join(folder, name);
    await writeFile(copy, onSources(await readFile(join(ROOT, "examples/llm", name), "utf8")));
    const { argv, stdout } = process;
    const { write } = stdout;
    const printed: string[] = [];
    process.argv = [...argv.slice(0, 2), server.baseUrl, "test-model"];
    stdout.write = ((text: string) => {
      printed.push(text);
      return true;
    }) as typeof write;
    try {
      // Lines and pieces in the order in which they came.
      const { log } = console;
      console.log = (...values: unknown[]) => void printed.push(`${values.join(" ")}\n`);
      await import(pathToFileURL(copy).href).finally(() => console.log = log);
    } finally {
      process.argv = argv;
      stdout.write = write;
    }
    return printed.join("");
  }

  it("streaming_chat: prints two answers, and sends what was said along", async () => {
    server.answer = (_, response) =>
      chat(response, server.requests.length % 2 === 1 ? ["The ", "Rhine."] : ["The sea."]);
    assert.equal(
      await run("streaming_chat.ts"),
      "> Name a river.\nThe Rhine.\n  7 tokens, stop\n> And where does it end?\nThe sea.\n  7 tokens, stop\n",
    );
    const contents = (server.last.json()["messages"] as { content: string }[]).map(({ content }) => content);
    assert.deepEqual(contents, ["Be brief.", "Name a river.", "The Rhine.", "And where does it end?"]);
  });

  it("guarded_stream: neither the number goes out, nor the address comes back", async () => {
    server.answer = (_, response) => chat(response, ["Please write to jo", "@exam", "ple.org as ", "soon as you can."]);
    const [answer, ...findings] = (await run("guarded_stream.ts")).trim().split("\n");
    assert.equal(answer, "Please write to [email] as soon as you can.");
    assert.deepEqual(findings.map((line) => /^(before|behind) .*"kind":"(\w+)"/.exec(line)?.slice(1)).toSorted(), [
      ["before", "card"],
      ["behind", "email"],
    ]);
    assert.match(server.last.body.toString(), /My card \[card\] is lost/);
  });

  it("batch_tokens: the same answer in fewer results", async () => {
    const tokens = "The sea is wide and deep . It is salt , too .".split(" ").map((word) => ` ${word}`);
    server.answer = (_, response) => chat(response, tokens, false);
    assert.deepEqual((await run("batch_tokens.ts")).trim().split("\n"), [
      `token by token: ${tokens.length + 1} results of ${tokens.length} tokens`,
      `in batches: 2 results of ${tokens.length} tokens`,
      `by sentences: 2 results of ${tokens.length} tokens`,
    ]);
  });

  it("fallback.yaml: the second one is asked where the first one fails, and the metadata tells", async () => {
    const text = await readFile(join(ROOT, "examples/llm/fallback.yaml"), "utf8");
    const { nodes: [node], ...manifest } = parse(text) as { nodes: { params: { runners: { params: object }[] } }[] };
    const [home, other] = node?.params.runners ?? [];
    const down = `${server.baseUrl}/down`;
    Object.assign(home?.params ?? {}, { baseUrl: down });
    Object.assign(other?.params ?? {}, { baseUrl: server.baseUrl });
    Object.assign(node?.params ?? {}, { initialDelayMs: 1 });
    server.answer = ({ path }, response) =>
      path.includes("/down/") ? fail(response, 503, { message: "asleep" }) : chat(response, ["Here."]);
    const runtime = await createRuntime();
    try {
      const { outputs } = await runtime.execute({ ...manifest, nodes: [node] } as unknown as Manifest, {
        llm: RuntimeData.text("Who is there?"),
      });
      const final = outputs["llm"]?.at(-1);
      assert.equal(outputs["llm"]?.map((data) => RuntimeData.asText(data)).join(""), "Here.");
      assert.deepEqual([final?.metadata?.["runner"], final?.metadata?.["attempts"]], ["llm.openai", 4]);
      assert.deepEqual((final?.metadata?.["failures"] as { runner: string }[]).map(({ runner }) => runner), [
        "home",
        "home",
        "home",
      ]);
    } finally {
      await runtime.close();
    }
  });
});
