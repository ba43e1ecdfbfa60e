/**
 * The limits of one request: what it asked for, within what the service gives.
 *
 * @module
 */

import { RuntimeData, StreamrackError } from "../../core/plugin.ts";
import type { RequestedLimits } from "../wire/messages.ts";
import type { ServiceLimits } from "./options.ts";

/** The limits of one request. */
export interface RequestLimits {
  /** Most bytes of values: all inputs and outputs of a one-shot run; one chunk of a stream. `Infinity`: no limit of its own. */
  readonly memoryBytes: number;
  /** Longest time: of a one-shot run; for which a stream with work to do may stand still. `Infinity` in a stream: no limit. */
  readonly timeoutMs: number;
  /** Most samples of audio: in all inputs of a one-shot run; in one chunk of a stream. */
  readonly audioSamples: number;
}

/** Puts the request's limits below those of the service. A request can lower them, not raise them. */
export function limitRequest(
  requested: RequestedLimits,
  limits: ServiceLimits,
  { timeoutMs }: { readonly timeoutMs: number },
): RequestLimits {
  const within = (asked: number, most: number) => asked > 0 ? Math.min(asked, most) : most;
  return {
    memoryBytes: within(requested.maxMemoryBytes, Infinity),
    timeoutMs: within(requested.maxTimeoutMs, timeoutMs),
    audioSamples: within(requested.maxAudioSamples, limits.maxAudioSamples),
  };
}

/** Adds values up against the limits. */
export class Usage {
  readonly #limits: RequestLimits;
  #bytes = 0;
  #samples = 0;

  constructor(limits: RequestLimits) {
    this.#limits = limits;
  }

  /** Bytes that were added. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @throws {StreamrackError} `limit-exceeded` if it is too much now. */
  add(data: RuntimeData, { countsSamples }: { readonly countsSamples: boolean }): void {
    this.#bytes += RuntimeData.byteLength(data);
    if (countsSamples && data.type === "audio") this.#samples += data.samples.length;
    if (this.#bytes > this.#limits.memoryBytes) {
      throw exceeded("max_memory_bytes", `${this.#bytes} bytes of values`, `at most ${this.#limits.memoryBytes}`);
    }
    if (this.#samples > this.#limits.audioSamples) {
      throw exceeded("max_audio_samples", `${this.#samples} samples`, `at most ${this.#limits.audioSamples}`);
    }
  }
}

/** The error for a limit of a request. */
export function exceeded(limit: string, received: string, expected: string): StreamrackError {
  return new StreamrackError("limit-exceeded", "the pipeline needs more than it may use", {
    problems: [{ path: `resource_limits.${limit}`, message: "is exceeded", received, expected }],
    retryable: false,
    remedy: "Send less at a time, or ask for more, up to what the service gives.",
  });
}
