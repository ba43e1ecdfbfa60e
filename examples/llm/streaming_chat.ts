/** A chat that remembers: each answer is printed as it comes, and goes along with the next question. */

import { createRuntime, RuntimeData } from "@streamrack/core";
import process from "node:process";

const [baseUrl = "http://127.0.0.1:8080/v1", model = "my-model", ...given] = process.argv.slice(2);
const questions = given.length > 0 ? given : ["Name a river.", "And where does it end?"];

const runtime = await createRuntime();
try {
  const session = await runtime.open({
    version: "v1",
    nodes: [{ id: "llm", node_type: "llm.openai", params: { baseUrl, model, systemPrompt: "Be brief." } }],
  });
  const outputs = session[Symbol.asyncIterator]();
  const messages: { role: string; content: string }[] = [];

  for (const question of questions) {
    console.log(`> ${question}`);
    // JSON is a whole request; text would be a question without what was said before.
    await session.send(RuntimeData.json({ inputs: { text: question }, params: { messages } }));
    let answer = "";
    for (let isPartial = true; isPartial;) {
      const step = await outputs.next();
      if (step.done) throw new Error("the session ended in the middle of an answer");
      const { data } = step.value;
      isPartial = step.value.isPartial;
      const text = RuntimeData.asText(data);
      process.stdout.write(text);
      answer += text;
      if (!isPartial) console.log(`\n  ${data.metadata?.["tokens"]} tokens, ${data.metadata?.["finishReason"]}`);
    }
    messages.push({ role: "user", content: question }, { role: "assistant", content: answer });
  }
  await session.finish();
} finally {
  await runtime.close();
}
