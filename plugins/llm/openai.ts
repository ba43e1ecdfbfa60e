/**
 * `llm.openai`: language models of OpenAI-compatible services.
 *
 * @module
 */

import * as v from "valibot";
import type { JsonValue } from "../../core/plugin.ts";
import {
  type AnyRunnerType,
  Chat,
  type ChatStep,
  defineRunner,
  endpointParams,
  keyProblem,
  modelParam,
} from "../../runners/mod.ts";
import { messagesParam, toMessages } from "./messages.ts";
import { generationParams } from "./params.ts";
import { type Fragment, shape } from "./shape.ts";

/** Parameters of `llm.openai`. */
const params = v.object({
  model: modelParam("gpt-4o-mini"),
  ...generationParams,
  messages: messagesParam,
  tools: v.optional(
    v.pipe(
      v.array(v.record(v.string(), v.unknown())),
      v.maxLength(128),
      v.description("Tools that the model may call, as the service takes them. Its calls are in the metadata."),
    ),
  ),
  extraBody: v.optional(
    v.pipe(v.record(v.string(), v.unknown()), v.description("Further fields of the request, such as top_p or seed.")),
    {},
  ),
  ...endpointParams,
});

/**
 * Asks a language model of an OpenAI-compatible service, and gives its answer
 * as it comes.
 *
 * Every result has the metadata `tokens`, `model`, `firstTextMs` and, where
 * they are known, `tokensPerSecond`, `finishReason`, `usage`, `toolCalls` (as
 * the service gives them, with their arguments put together), and `confidence`
 * (0 to 1) where `extraBody: { logprobs: true }` asks for it.
 *
 * @throws {StreamrackError} E102, E400, E401, E404, E501 and E504: see `docs/runners.md`.
 */
export const openai: AnyRunnerType = defineRunner({
  type: "llm.openai",
  summary: "Continues text by a model of an OpenAI-compatible service.",
  vendor: "openai",
  capabilities: ["llm"],
  streaming: true,
  params,
  unavailable: keyProblem,
  async *run(request, { params, signal, clock, readEnv }) {
    const { tools, extraBody, maxOutputChars } = params;
    const chat = new Chat(params, { signal, clock, readEnv }, maxOutputChars);
    const more = { ...extraBody, ...tools === undefined ? {} : { tools } };
    const steps = chat.steps(
      toMessages(request, params) as JsonValue[],
      more as { readonly [field: string]: JsonValue },
    );
    return yield* shape(fragments(steps), chat, { ...params, clock });
  },
});

async function* fragments(steps: AsyncIterable<ChatStep>): AsyncGenerator<Fragment, void, void> {
  for await (const { text, confidence } of steps) if (text !== "") yield { text, confidence };
}
