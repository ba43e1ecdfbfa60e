/** One answer, told token by token, in batches, and sentence by sentence: how many results a reader has to handle. */

import { createRuntime, RuntimeData } from "@streamrack/core";
import process from "node:process";

const [baseUrl = "http://127.0.0.1:8080/v1", model = "my-model", ...given] = process.argv.slice(2);
const question = given[0] ?? "Tell me about the sea, in two sentences.";

const ways: readonly { name: string; params: Record<string, string | number> }[] = [
  { name: "token by token", params: {} },
  // A batch goes when it has 16 tokens, or when its first one has waited for 200 ms.
  { name: "in batches", params: { batchTokens: 16, batchMs: 200 } },
  { name: "by sentences", params: { output: "sentences" } },
];

const runtime = await createRuntime();
try {
  for (const { name, params } of ways) {
    const { outputs } = await runtime.execute(
      {
        version: "v1",
        nodes: [{ id: "llm", node_type: "llm.openai", params: { baseUrl, model, temperature: 0, ...params } }],
      },
      { llm: RuntimeData.text(question) },
    );
    const results = outputs["llm"] ?? [];
    const tokens = results.at(-1)?.metadata?.["tokens"];
    console.log(`${name}: ${results.length} results of ${tokens} tokens`);
  }
} finally {
  await runtime.close();
}
