/**
 * A guardian before a model and one behind it. Words pass while they come; what they may not tell is taken out, also
 * where it comes in pieces.
 */

import { createRuntime, type Manifest, RuntimeData } from "@streamrack/core";
import process from "node:process";

const [baseUrl = "http://127.0.0.1:8080/v1", model = "my-model", ...given] = process.argv.slice(2);
const question = given[0] ?? "My card 4111 1111 1111 1111 is lost. Whom do I write to?";

const manifest: Manifest = {
  version: "v1",
  nodes: [
    {
      id: "before",
      node_type: "guard.text",
      params: { checkpoint: "input", strategy: "filter" },
      is_output_node: true, // so that its findings come out as well
    },
    { id: "llm", node_type: "llm.openai", params: { baseUrl, model } },
    { id: "behind", node_type: "guard.text", params: { checkpoint: "output", strategy: "filter", windowWords: 3 } },
  ],
  connections: [{ from: "before", to: "llm" }, { from: "llm", to: "behind" }],
};

const runtime = await createRuntime();
try {
  const session = await runtime.open(manifest);
  await session.send(RuntimeData.text(question));
  await session.finish(); // what was sent is still answered
  const findings: string[] = [];
  for await (const { nodeId, port, data } of session) {
    if (port === "events") findings.push(`${nodeId} the model: ${JSON.stringify(RuntimeData.asJson(data))}`);
    else if (nodeId === "behind") process.stdout.write(RuntimeData.asText(data));
  }
  console.log();
  for (const finding of findings) console.log(finding);
} finally {
  await runtime.close();
}
