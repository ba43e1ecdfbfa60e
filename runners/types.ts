/**
 * What is asked of a runner, and what it answers.
 *
 * @module
 */

import type { AudioData, BinaryData, JsonValue, Metadata, Progress, VideoData } from "../core/plugin.ts";
import type { RunnerError } from "./errors.ts";

/** What a runner can do, in the order of the documentation. */
export const CAPABILITIES = ["llm", "asr", "tts", "vlm", "guardian"] as const;

/**
 * What a runner can do: continue text (`llm`), write down speech (`asr`),
 * speak (`tts`), answer about images (`vlm`), judge text (`guardian`).
 */
export type Capability = typeof CAPABILITIES[number];

/** An image: encoded bytes (PNG, JPEG, …), or one video frame. */
export type ImageInput = BinaryData | VideoData;

/** What a request is about. */
export interface InferenceInputs {
  readonly text?: string | undefined;
  readonly audio?: AudioData | undefined;
  readonly image?: ImageInput | undefined;
}

/**
 * How a request is to be answered, where it differs from the parameters of
 * the node. A runner may know more parameters than these.
 */
export interface InferenceParams {
  /** Randomness, from 0. */
  readonly temperature?: number | undefined;
  /** Most tokens to generate, from 1. */
  readonly maxTokens?: number | undefined;
  /** BCP 47 tag, such as `"en"`. */
  readonly language?: string | undefined;
  /** Name of the model. */
  readonly model?: string | undefined;
  readonly systemPrompt?: string | undefined;
  /** Name of the voice. */
  readonly voice?: string | undefined;
  /** Rate of speech; 1 is that of the voice. */
  readonly speed?: number | undefined;
  readonly [name: string]: JsonValue | undefined;
}

/** One question to a runner. */
export interface InferenceRequest {
  /** Groups requests that belong together. Default: none. */
  readonly sessionId?: string | undefined;
  readonly inputs: InferenceInputs;
  readonly params?: InferenceParams | undefined;
  /** Position on the clock of the stream, in microseconds. */
  readonly timestampUs?: number | undefined;
  /**
   * `"required"`: fail with E406 if the runner has no partial results.
   * `"off"`: only the final result. Default: `"auto"`, whatever the runner gives.
   */
  readonly streaming?: "auto" | "required" | "off" | undefined;
}

/** What a runner found or made. */
export interface InferenceOutputs {
  readonly text?: string | undefined;
  readonly audio?: AudioData | undefined;
  readonly json?: JsonValue | undefined;
}

/** What a runner yields or returns: a result, of which the runner says no more than it knows. */
export interface RunnerOutput {
  readonly outputs: InferenceOutputs;
  /** Such as tokens, words with times, a finish reason. */
  readonly metadata?: Metadata | undefined;
  readonly progress?: Progress | undefined;
}

/** One answer of several to a request. The last one, and no other, has `partial: false`. */
export interface InferenceResult {
  readonly outputs: InferenceOutputs;
  readonly metadata: Metadata;
  readonly progress?: Progress | undefined;
  /** Why there is no more. Only in the last result. */
  readonly error?: RunnerError | undefined;
  readonly partial: boolean;
}
