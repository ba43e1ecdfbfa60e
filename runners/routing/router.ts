/**
 * Routing: from a capability to the runner that answers.
 *
 * @module
 */

import { delayMs } from "../../core/flow/backoff.ts";
import type { JsonValue, Metadata } from "../../core/plugin.ts";
import { type Clock, sleep, SYSTEM_CLOCK } from "../clock.ts";
import type { AnyRunnerType } from "../define_runner.ts";
import { type RunnerError, runnerError, toRunnerError } from "../errors.ts";
import type { Answering } from "../node.ts";
import type { Runner, RunnerOptions, RunOptions } from "../runner.ts";
import type { Capability, InferenceRequest, InferenceResult } from "../types.ts";
import { scoreOf } from "./score.ts";

/** Most retries with one runner. */
export const RETRIES_MAX = 3;

/** How a router chooses. */
export interface RouterOptions extends Omit<RunnerOptions, "params"> {
  readonly capability: Capability;
  readonly runners: readonly AnyRunnerType[];
  /** Parameters by node type of the runner. */
  readonly params?: { readonly [type: string]: RunnerOptions["params"] } | undefined;
  /** Vendors, the preferred one first. Default: none is preferred. */
  readonly vendorOrder?: readonly string[] | undefined;
  /** Retries with one runner before the next one is asked, 0 to 3. Default: 3. */
  readonly maxRetries?: number | undefined;
  /** Before the first retry, in milliseconds; doubles with each. Default: 200. */
  readonly initialDelayMs?: number | undefined;
  /** Longest delay, in milliseconds. A service that asks for more is left for the next runner. Default: 5000. */
  readonly maxDelayMs?: number | undefined;
  /** Gives a number from 0 to 1, for the jitter. Default: `Math.random`. */
  readonly random?: (() => number) | undefined;
}

/** One failure on the way to an answer. */
interface Failed {
  readonly runner: string;
  readonly error: RunnerError;
}

/**
 * Asks the best runner that is there, then the next ones. A recoverable
 * failure is tried again where that may help, then goes to the next runner; any
 * other is the answer. Once a partial result has gone out, nothing is tried
 * again: a reader would get the beginning twice.
 *
 * The final result has the metadata `attempts`, and `failures` (`{ runner,
 * code, message }`) if there were any.
 */
export class Router implements Answering {
  readonly #options: RouterOptions;
  readonly #clock: Clock;
  readonly #ranked: readonly AnyRunnerType[];
  /** Each is made when it is first asked. */
  readonly #runners = new Map<AnyRunnerType, Promise<Runner>>();

  constructor(options: RouterOptions) {
    this.#options = options;
    this.#clock = options.clock ?? SYSTEM_CLOCK;
    const { capability, runners, vendorOrder = [] } = options;
    // The sort is stable: of equals, the first named comes first.
    this.#ranked = runners.filter(({ definition }) => definition.capabilities.includes(capability))
      .sort((a, b) => scoreOf(a.definition, vendorOrder) - scoreOf(b.definition, vendorOrder));
  }

  /** Node types in the order in which they are asked. */
  get order(): readonly string[] {
    return this.#ranked.map(({ definition }) => definition.type);
  }

  /** Answers a request, as a runner does. */
  async *run(request: InferenceRequest, options: RunOptions = {}): AsyncGenerator<InferenceResult, void, void> {
    const failures: Failed[] = [];
    let attempts = 0;
    for (const type of this.#ranked) {
      let runner: Runner;
      try {
        runner = await this.#runner(type);
        const problem = await runner.unavailable();
        if (problem !== undefined) throw problem;
      } catch (thrown) {
        failures.push({ runner: type.definition.type, error: toRunnerError(thrown) });
        continue;
      }
      for (let failed = 1;; failed++) {
        attempts += 1;
        let hasGiven = false;
        let failure: RunnerError | undefined;
        for await (const result of runner.run(request, options)) {
          if (result.error !== undefined) failure = result.error;
          else {yield result.partial
              ? result
              : { ...result, metadata: { ...result.metadata, ...trail(attempts, failures) } };}
          hasGiven ||= failure === undefined;
        }
        if (failure === undefined) return;
        if (hasGiven || !failure.recoverable) return yield giveUp(failure, attempts, failures);
        failures.push({ runner: runner.type, error: failure });
        const pauseMs = this.#pauseMs(failure, failed);
        if (pauseMs === undefined) break;
        await sleep(this.#clock, pauseMs, options.signal ?? this.#options.signal ?? NEVER);
      }
    }
    yield giveUp(this.#nobody(failures), attempts, failures);
  }

  /** Gives all models up. */
  async [Symbol.asyncDispose](): Promise<void> {
    const runners = await Promise.allSettled(this.#runners.values());
    await Promise.all(runners.map(async (made) => {
      if (made.status === "fulfilled") await made.value.unload();
    }));
  }

  #runner(type: AnyRunnerType): Promise<Runner> {
    let runner = this.#runners.get(type);
    if (runner === undefined) {
      const { signal, log, clock, readEnv, params } = this.#options;
      runner = type.create({ signal, log, clock, readEnv, params: params?.[type.definition.type] });
      runner.catch(() => {}); // told to whoever asks
      this.#runners.set(type, runner);
    }
    return runner;
  }

  /** How long to wait before the same runner is asked again; `undefined` if that is no use. */
  #pauseMs(failure: RunnerError, failed: number): number | undefined {
    const { maxRetries = RETRIES_MAX, initialDelayMs = 200, maxDelayMs = 5000, random } = this.#options;
    const { retryable = false } = failure.cause as { readonly retryable?: boolean };
    const { retryAfterMs = 0 } = failure;
    if (!retryable || failed > Math.min(maxRetries, RETRIES_MAX) || retryAfterMs > maxDelayMs) return undefined;
    return Math.max(retryAfterMs, delayMs({ initialDelayMs, maxDelayMs }, failed, random));
  }

  /** What remains to be said when all have failed: the last failure, or that there was nobody. */
  #nobody(failures: Failed[]): RunnerError {
    const last = failures.at(-1);
    if (last !== undefined) return last.error;
    return toRunnerError(
      runnerError("E404", `there is no runner for ${this.#options.capability}`, {
        remedy: "Add a runner that has the capability.",
      }),
    );
  }
}

const NEVER = new AbortController().signal;

function trail(attempts: number, failures: readonly Failed[]): Metadata {
  const told = failures.map(({ runner, error: { code, message } }): JsonValue => ({ runner, code, message }));
  return { attempts, ...told.length === 0 ? {} : { failures: told } };
}

function giveUp(error: RunnerError, attempts: number, failures: readonly Failed[]): InferenceResult {
  return { outputs: {}, metadata: trail(attempts, failures), error, partial: false };
}
