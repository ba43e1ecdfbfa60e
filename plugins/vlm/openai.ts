/**
 * `vlm.openai`: questions about images, to OpenAI-compatible services.
 *
 * @module
 */

import * as v from "valibot";
import type { JsonValue } from "../../core/plugin.ts";
import {
  type AnyRunnerType,
  Chat,
  defineRunner,
  endpointParams,
  keyProblem,
  modelParam,
  runnerError,
  samplingParams,
} from "../../runners/mod.ts";
import { toDataUrl } from "./image.ts";

const STEPS_MAX = 32;

/** Parameters of `vlm.openai`. */
const params = v.object({
  model: modelParam("gpt-4o-mini"),
  ...samplingParams,
  prompt: v.optional(
    v.pipe(v.string(), v.description("What is asked of an image that brings no question along (metadata prompt).")),
    "Describe the image.",
  ),
  steps: v.optional(
    v.pipe(
      v.array(v.object({ name: v.pipe(v.string(), v.minLength(1)), prompt: v.pipe(v.string(), v.minLength(1)) })),
      v.minLength(1),
      v.maxLength(STEPS_MAX),
      v.description(
        `Questions that are asked one after the other, each with the answers so far, 1 to ${STEPS_MAX}: ` +
          "{ name, prompt }. Default: one, the question of the image.",
      ),
    ),
  ),
  detail: v.optional(
    v.pipe(v.picklist(["auto", "low", "high"]), v.description("How closely the model looks at the image.")),
    "auto",
  ),
  ...endpointParams,
});

/**
 * Asks a model of an OpenAI-compatible service about an image: PNG, JPEG, GIF
 * or WebP bytes, or a video frame (gray8, rgb24, rgba32).
 *
 * Partial results hold new text, with the metadata `step` (its name),
 * `stepIndex` (from 0) and `steps` (how many). The final result holds no text;
 * its metadata `results` has the whole answer of each step: `{ step, text }`.
 *
 * @throws {StreamrackError} E400 for an image that is none; else as `llm.openai`.
 */
export const openai: AnyRunnerType = defineRunner({
  type: "vlm.openai",
  summary: "Answers questions about images by a model of an OpenAI-compatible service.",
  vendor: "openai",
  capabilities: ["vlm"],
  streaming: true,
  params,
  unavailable: keyProblem,
  async *run({ inputs: { image, text } }, { params, signal, clock, readEnv }) {
    if (image === undefined) throw runnerError("E400", "there is no image in the request");
    const { systemPrompt, detail, prompt } = params;
    const steps = params.steps ?? [{ name: "answer", prompt: text ?? prompt }];
    const url = toDataUrl(image);
    const messages: JsonValue[] = systemPrompt === undefined ? [] : [{ role: "system", content: systemPrompt }];
    const results: { step: string; text: string }[] = [];
    for (const [stepIndex, step] of steps.entries()) {
      const question = { type: "text", text: step.prompt };
      const shown = stepIndex === 0 ? [question, { type: "image_url", image_url: { url, detail } }] : [question];
      messages.push({ role: "user", content: shown });
      const chat = new Chat(params, { signal, clock, readEnv });
      const about = () => ({ ...chat.metadata(), step: step.name, stepIndex, steps: steps.length });
      for await (const { text } of chat.steps(messages)) {
        if (text === "") continue;
        const progress = { progressPercent: 100 * stepIndex / steps.length };
        yield { outputs: { text }, metadata: about(), progress };
      }
      results.push({ step: step.name, text: chat.text });
      messages.push({ role: "assistant", content: chat.text });
      if (stepIndex === steps.length - 1) {
        return { outputs: { text: "" }, metadata: { ...about(), results }, progress: { progressPercent: 100 } };
      }
    }
    throw runnerError("E400", "there is no question"); // the schema asks for one
  },
});
