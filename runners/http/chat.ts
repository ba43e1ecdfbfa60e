/**
 * Streamed chat completions.
 *
 * @module
 */

import type { JsonValue, Metadata } from "../../core/plugin.ts";
import type { Clock } from "../clock.ts";
import { runnerError } from "../errors.ts";
import type { SamplingParams } from "./chat_params.ts";
import { Endpoint, type EndpointContext, type EndpointParams } from "./endpoint.ts";

/** Which model is asked, and how: what `modelParam`, `samplingParams` and `endpointParams` give. */
export interface ChatParams extends EndpointParams, SamplingParams {
  readonly model: string;
}

/** One step of an answer. */
export interface ChatStep {
  /** New text; may be empty. */
  readonly text: string;
  /** How likely the model held the text to be, 0 to 1, where the service was asked for `logprobs`. */
  readonly confidence?: number | undefined;
  /** Whether the model gave it a reason to end. The last step. */
  readonly finishReason?: string | undefined;
}

interface ToolCall {
  id?: string;
  type: string;
  function: { name: string; arguments: string };
}

/** Longest answer unless another is given, in UTF-16 code units. */
const MAX_CHARS = 1_000_000;

type Json = { readonly [key: string]: JsonValue };

/** An answer as it grows. */
export class Chat {
  readonly #params: ChatParams;
  readonly #endpoint: Endpoint;
  readonly #clock: Clock;
  readonly #maxChars: number;
  readonly #startedMs: number;
  readonly #toolCalls: ToolCall[] = [];
  #firstTextMs: number | undefined;
  #chunks = 0;
  #usage: Json | undefined;
  #model: string | undefined;
  #finishReason: string | undefined;
  #text = "";
  #reasoningChars = 0;

  /**
   * @param maxChars Longest answer, in UTF-16 code units: a service that never ends is left then. Default: 1 000 000.
   * @throws {StreamrackError} `unauthenticated` (E401) if there is no key where one is needed.
   */
  constructor(params: ChatParams, context: EndpointContext, maxChars: number = MAX_CHARS) {
    this.#params = params;
    this.#endpoint = new Endpoint(params, context);
    this.#clock = context.clock;
    this.#maxChars = maxChars;
    this.#startedMs = context.clock.now();
  }

  /** All text so far. */
  get text(): string {
    return this.#text;
  }

  /** Tokens so far: as the service counts them, else its pieces of text. */
  get tokens(): number {
    const counted = this.#usage?.["completion_tokens"];
    return typeof counted === "number" ? counted : this.#chunks;
  }

  /**
   * What is known of the answer: tokens, tokens a second, model, finish
   * reason, tool calls, usage; of a model that reasons first, whether it still does.
   */
  metadata(): Metadata {
    const now = this.#clock.now();
    const seconds = (now - (this.#firstTextMs ?? now)) / 1000;
    // In the time since the first one, the others came.
    const others = this.tokens - 1;
    return {
      tokens: this.tokens,
      ...seconds > 0 && others > 0 ? { tokensPerSecond: Math.round(10 * others / seconds) / 10 } : {},
      ...this.#firstTextMs === undefined ? {} : { firstTextMs: Math.round(this.#firstTextMs - this.#startedMs) },
      ...this.#model === undefined ? {} : { model: this.#model },
      ...this.#reasoningChars === 0 ? {} : { reasoningComplete: this.#text !== "" || this.#finishReason !== undefined },
      ...this.#finishReason === undefined ? {} : { finishReason: this.#finishReason },
      ...this.#toolCalls.length === 0 ? {} : { toolCalls: this.#toolCalls as unknown as JsonValue },
      ...this.#usage === undefined ? {} : { usage: this.#usage },
    };
  }

  /**
   * Asks, and gives the steps of the answer. The last one has the finish
   * reason. To be called once.
   *
   * @param messages The whole chat, with the system prompt.
   * @param more Further fields of the request, such as `tools`.
   * @throws {StreamrackError} `stream-broken` (E102) where the answer ends in the middle; else see {@linkcode Endpoint}.
   */
  async *steps(messages: readonly JsonValue[], more: Json = {}): AsyncGenerator<ChatStep, void, void> {
    const { model, temperature, maxTokens } = this.#params;
    const asked = {
      ...more,
      model,
      messages: [...messages],
      ...temperature === undefined ? {} : { temperature },
      ...maxTokens === undefined ? {} : { max_tokens: maxTokens },
      stream: true,
      stream_options: { include_usage: true },
    };
    // What counts the tokens comes after the finish reason.
    for await (const event of this.#endpoint.events("chat/completions", asked)) {
      const step = this.#read(event);
      if (step !== undefined) yield step;
    }
    if (this.#finishReason === undefined) {
      throw runnerError("E102", "the answer ended in the middle: the service gave no finish reason");
    }
    yield { text: "", finishReason: this.#finishReason };
  }

  #read(event: JsonValue): ChatStep | undefined {
    const { choices, usage, model } = asObject(event);
    if (typeof model === "string") this.#model = model;
    if (usage !== undefined && usage !== null) this.#usage = asObject(usage);
    const choice = Array.isArray(choices) ? choices[0] : undefined;
    if (choice === undefined) return undefined;
    const { delta, logprobs, finish_reason: finishReason } = asObject(choice as JsonValue);
    if (typeof finishReason === "string") this.#finishReason = finishReason;
    if (delta === undefined || delta === null) return undefined;
    const { content, tool_calls: toolCalls, reasoning_content: reasoning } = asObject(delta);
    // It is not handed on, but one without end is left as well.
    if (typeof reasoning === "string") this.#checkLength(this.#reasoningChars += reasoning.length);
    if (Array.isArray(toolCalls)) { for (const call of toolCalls) this.#addToolCall(asObject(call as JsonValue)); }
    if (typeof content !== "string" || content === "") return undefined;
    this.#firstTextMs ??= this.#clock.now();
    this.#chunks += 1;
    this.#text += content;
    this.#checkLength(this.#text.length);
    const confidence = confidenceOf(logprobs);
    return { text: content, ...confidence === undefined ? {} : { confidence } };
  }

  /** A call comes in pieces: the name first, then its arguments, bit by bit. */
  #addToolCall({ index, id, type, function: called }: Json): void {
    const at = typeof index === "number" && index >= 0 && index < 128 ? Math.floor(index) : 0;
    while (this.#toolCalls.length <= at) {
      this.#toolCalls.push({ type: "function", function: { name: "", arguments: "" } });
    }
    const call = this.#toolCalls[at] as ToolCall;
    if (typeof id === "string") call.id = id;
    if (typeof type === "string") call.type = type;
    const { name, arguments: piece } = asObject(called ?? {});
    if (typeof name === "string") call.function.name += name;
    if (typeof piece === "string") call.function.arguments += piece;
    this.#checkLength(call.function.arguments.length);
  }

  #checkLength(chars: number): void {
    if (chars <= this.#maxChars) return;
    throw runnerError("E504", `the answer is longer than ${this.#maxChars} characters`, {
      remedy: "Raise maxOutputChars, or lower maxTokens.",
      retryable: false,
    });
  }
}

/** The mean probability of the tokens of a step, of `{ content: [{ logprob }] }`. */
function confidenceOf(logprobs: JsonValue | undefined): number | undefined {
  if (logprobs === undefined || logprobs === null) return undefined;
  const { content } = asObject(logprobs);
  if (!Array.isArray(content) || content.length === 0) return undefined;
  const probabilities = content.map((token) => {
    const { logprob } = asObject(token as JsonValue);
    return typeof logprob === "number" ? Math.exp(Math.min(0, logprob)) : 0;
  });
  return probabilities.reduce((sum, probability) => sum + probability, 0) / probabilities.length;
}

function asObject(value: JsonValue): Json {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json;
  throw runnerError("E102", "an event of the stream has another form than that of a chat completion");
}
