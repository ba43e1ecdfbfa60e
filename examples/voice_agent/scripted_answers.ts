/**
 * `script.answers`: answers from a list, in place of a language model. It
 * streams its answer word by word, as a model does.
 *
 * @module
 */

import { definePlugin, type Plugin } from "@streamrack/core/plugin";
import { defineRunner } from "@streamrack/core/runners";
import * as v from "valibot";

const sentence = v.pipe(v.string(), v.minLength(1), v.maxLength(10_000));

const params = v.object({
  answers: v.pipe(
    v.array(v.object({ words: v.array(v.string()), say: sentence })),
    v.description("What to say when one of the words is heard; of several, the one with the most such words."),
  ),
  otherwise: v.pipe(sentence, v.description("What to say when none is heard.")),
});

const answers = defineRunner({
  type: "script.answers",
  summary: "Answers from a list, by the words of the question.",
  vendor: "example",
  capabilities: ["llm"],
  streaming: true,
  params,
  async *run({ inputs: { text = "" } }, { params: { answers, otherwise }, signal }) {
    const heard = new Set(text.toLowerCase().match(/[\p{L}']+/gu));
    const scored = answers.map(({ words, say }) => ({ say, score: words.filter((word) => heard.has(word)).length }));
    const best = scored.reduce((best, next) => next.score > best.score ? next : best, { say: otherwise, score: 0 });
    for (const word of best.say.match(/\S+\s*/g) ?? []) {
      signal.throwIfAborted();
      yield { outputs: { text: word } };
    }
    return { outputs: { text: "" }, metadata: { wordsMatched: best.score } };
  },
});

const plugin: Plugin = definePlugin({
  name: "voice-agent-script",
  version: "1.0.0",
  apiVersion: 1,
  nodes: [answers.node],
});

export default plugin;
