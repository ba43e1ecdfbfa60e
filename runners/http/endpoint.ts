/**
 * The client of OpenAI-compatible services.
 *
 * @module
 */

import * as v from "valibot";
import type { JsonValue, StreamrackError } from "../../core/plugin.ts";
import type { Clock } from "../clock.ts";
import type { ReadEnv } from "../environment.ts";
import { runnerError } from "../errors.ts";
import { readEvents } from "./events.ts";
import { Exchange } from "./exchange.ts";
import { DEFAULT_LIMITS, type HttpLimits } from "./limits.ts";
import { failureOf, readFailure, retryAfterMs, toError } from "./status.ts";

const DEFAULT_BASE_URL = "https://api.openai.com/v1";
const DEFAULT_KEY_ENV = "OPENAI_API_KEY";
const ERROR_BODY_MAX_BYTES = 64 << 10;

const timeoutMs = (description: string) =>
  v.optional(
    v.pipe(v.number(), v.minValue(1), v.maxValue(3_600_000), v.description(`${description}, 1 to 3600000.`)),
    60_000,
  );

/** Schemas of {@linkcode EndpointParams}. */
export interface EndpointEntries {
  readonly baseUrl: v.GenericSchema<string | undefined, string>;
  readonly apiKey: v.GenericSchema<string | undefined>;
  readonly apiKeyEnv: v.GenericSchema<string | undefined>;
  readonly responseTimeoutMs: v.GenericSchema<number | undefined, number>;
  readonly idleTimeoutMs: v.GenericSchema<number | undefined, number>;
}

/** Parameters of a runner that calls an OpenAI-compatible service: to be spread into its own. */
export const endpointParams: EndpointEntries = {
  baseUrl: v.optional(
    v.pipe(v.string(), v.url(), v.regex(/^https?:/), v.description("Where the service is, with its version.")),
    DEFAULT_BASE_URL,
  ),
  apiKey: v.optional(v.pipe(v.string(), v.description("Key for the service. Better named by apiKeyEnv."))),
  apiKeyEnv: v.optional(
    v.pipe(
      v.string(),
      v.minLength(1),
      v.description(
        `Name of the environment variable that holds the key. Default: ${DEFAULT_KEY_ENV} for the default baseUrl, ` +
          "else no key is sent.",
      ),
    ),
  ),
  responseTimeoutMs: timeoutMs("How long the service may take until it begins to answer, in milliseconds"),
  idleTimeoutMs: timeoutMs("How long the service may pause in an answer, in milliseconds"),
};

/** The parameter that names the model of a service. */
export function modelParam(fallback: string): v.GenericSchema<string | undefined, string> {
  return v.optional(v.pipe(v.string(), v.minLength(1), v.description("Name of the model.")), fallback);
}

/** What `endpointParams` give. */
export interface EndpointParams {
  readonly baseUrl: string;
  readonly apiKey?: string | undefined;
  readonly apiKeyEnv?: string | undefined;
  /** How long the service may take until it begins to answer, in milliseconds, from 1. */
  readonly responseTimeoutMs: number;
  /** How long the service may pause in an answer, in milliseconds, from 1. */
  readonly idleTimeoutMs: number;
}

/** What a client needs of where it runs: the context of a runner has it. */
export interface EndpointContext {
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly readEnv: ReadEnv;
}

/** Why a service cannot be called; `undefined` if there is a key, or none is needed. */
export function keyProblem(
  params: EndpointParams,
  { readEnv }: { readonly readEnv: ReadEnv },
): StreamrackError | undefined {
  const found = findKey(params, readEnv);
  return typeof found === "object" ? found : undefined;
}

function findKey(
  { apiKey, apiKeyEnv, baseUrl }: EndpointParams,
  readEnv: ReadEnv,
): string | undefined | StreamrackError {
  // The key of one service is not sent to another unless someone says so.
  const name = apiKeyEnv ?? (baseUrl === DEFAULT_BASE_URL ? DEFAULT_KEY_ENV : undefined);
  const key = apiKey ?? (name === undefined ? undefined : readEnv(name));
  if (key === undefined || key === "") {
    if (name === undefined && apiKey === undefined) return undefined;
    return runnerError("E401", "there is no key for the service", {
      remedy: `Set the environment variable ${name ?? DEFAULT_KEY_ENV}, and let the plugin read it.`,
    });
  }
  // What HTTP cannot carry would show up, with the key, in the error of fetch.
  if (/^[\x21-\x7e]+$/.test(key)) return key;
  return runnerError("E401", "the key for the service has characters that no key has", {
    remedy: "Look for spaces, line ends and quotes around it.",
  });
}

/** One service, with a key. */
export class Endpoint {
  readonly #baseUrl: string;
  readonly #key: string | undefined;
  readonly #context: EndpointContext;
  readonly #limits: HttpLimits;

  /** @throws {StreamrackError} `unauthenticated` (E401) if there is no key where one is needed. */
  constructor(params: EndpointParams, context: EndpointContext, limits: Partial<HttpLimits> = {}) {
    const key = findKey(params, context.readEnv);
    if (typeof key === "object") throw key;
    this.#key = key;
    this.#baseUrl = params.baseUrl.replace(/\/+$/, "");
    this.#context = context;
    const { responseTimeoutMs, idleTimeoutMs } = params;
    this.#limits = { ...DEFAULT_LIMITS, responseTimeoutMs, idleTimeoutMs, ...limits };
  }

  /**
   * Posts JSON or a form, and gives the JSON of each event of the answer. An
   * event that tells of an error throws it.
   *
   * @param path Such as `"chat/completions"`.
   * @throws {StreamrackError} See {@linkcode toError}; `stream-broken` (E102) where the stream is none.
   */
  async *events(path: string, body: JsonValue | FormData): AsyncGenerator<JsonValue, void, void> {
    const exchange = this.#exchange();
    try {
      const response = await this.#post(exchange, path, body, "text/event-stream");
      const type = response.headers.get("content-type") ?? "";
      if (!type.includes("event-stream")) {
        const text = await readText(exchange.read(response), ERROR_BODY_MAX_BYTES);
        const failure = failureOf(parseJson(text));
        if (failure !== undefined) throw toError(failure, this.#hide);
        throw runnerError("E102", "the service did not answer with a stream", {
          problems: [{ path: "content-type", message: "is another", received: type, expected: "text/event-stream" }],
          retryable: false,
        });
      }
      for await (const event of readEvents(exchange.read(response), this.#limits.eventMaxChars)) {
        const failure = failureOf(event);
        if (failure !== undefined) throw toError(failure, this.#hide);
        yield event;
      }
    } finally {
      exchange.close();
    }
  }

  /**
   * Posts JSON or a form, and gives the JSON that is answered.
   *
   * @throws {StreamrackError} See {@linkcode toError}; `stream-broken` (E102) for what is no JSON.
   */
  async json(path: string, body: JsonValue | FormData): Promise<JsonValue> {
    const exchange = this.#exchange();
    try {
      const response = await this.#post(exchange, path, body, "application/json");
      const text = await readText(exchange.read(response), Infinity);
      const value = parseJson(text);
      if (value === undefined) throw runnerError("E102", "the answer of the service is no JSON");
      const failure = failureOf(value);
      if (failure !== undefined) throw toError(failure, this.#hide);
      return value;
    } finally {
      exchange.close();
    }
  }

  /** Posts JSON, and gives the bytes that are answered as they come: speech, for one. */
  async *bytes(path: string, body: JsonValue): AsyncGenerator<Uint8Array, void, void> {
    const exchange = this.#exchange();
    try {
      yield* exchange.read(await this.#post(exchange, path, body, "*/*"));
    } finally {
      exchange.close();
    }
  }

  #exchange(): Exchange {
    const { signal, clock } = this.#context;
    return new Exchange({ signal, clock, limits: this.#limits });
  }

  async #post(exchange: Exchange, path: string, body: JsonValue | FormData, accept: string): Promise<Response> {
    const headers = new Headers({ accept });
    if (this.#key !== undefined) headers.set("authorization", `Bearer ${this.#key}`);
    const isForm = body instanceof FormData;
    if (!isForm) headers.set("content-type", "application/json");
    const url = new URL(`${this.#baseUrl}/${path}`);
    const response = await exchange.fetch(url, { method: "POST", headers, body: isForm ? body : JSON.stringify(body) });
    if (response.ok) return response;
    const text = await readText(exchange.read(response), ERROR_BODY_MAX_BYTES).catch((thrown) => {
      this.#context.signal.throwIfAborted();
      return String(thrown instanceof Error ? thrown.message : "");
    });
    throw toError({
      ...readFailure(text),
      status: response.status,
      retryAfterMs: retryAfterMs(response.headers.get("retry-after"), Date.now()),
    }, this.#hide);
  }

  /** Services quote the key that they refuse, whole or in part. */
  readonly #hide = (text: string): string => {
    const whole = this.#key === undefined ? text : text.replaceAll(this.#key, "…");
    return whole.replace(/\bsk-[\w*-]+/g, "…");
  };
}

function parseJson(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}

async function readText(bytes: AsyncIterable<Uint8Array>, maxBytes: number): Promise<string> {
  const decoder = new TextDecoder();
  let [text, count] = ["", 0];
  for await (const chunk of bytes) {
    text += decoder.decode(chunk, { stream: true });
    count += chunk.byteLength;
    if (count >= maxBytes) break;
  }
  return text + decoder.decode();
}
