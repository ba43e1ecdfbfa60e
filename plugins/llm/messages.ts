/**
 * What is said to a model, in the form of a chat.
 *
 * @module
 */

import * as v from "valibot";
import { type InferenceRequest, runnerError } from "../../runners/mod.ts";

/** Parameter `messages`. */
export const messagesParam = v.optional(
  v.pipe(
    v.array(v.looseObject({ role: v.string() })),
    v.maxLength(10_000),
    v.description("What was said before, as messages of a chat: { role, content }, oldest first."),
  ),
  [],
);

/** A message of a chat. */
export type Message = { readonly role: string; readonly [field: string]: unknown };

/** The whole chat: system prompt, what was said before, and the text of the request. */
export function toMessages(
  { inputs: { text } }: InferenceRequest,
  { systemPrompt, messages }: { readonly systemPrompt?: string | undefined; readonly messages: readonly Message[] },
): Message[] {
  if (text === undefined) throw runnerError("E400", "a language model takes text");
  const system = systemPrompt === undefined ? [] : [{ role: "system", content: systemPrompt }];
  return [...system, ...messages, { role: "user", content: text }];
}
