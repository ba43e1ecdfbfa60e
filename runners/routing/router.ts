/**
 * Routing: from a capability to the runner that answers.
 *
 * @module
 */

import { delayMs } from "../../core/flow/backoff.ts";
import { type JsonValue, type Metadata, StreamrackError } from "../../core/plugin.ts";
import { type Clock, sleep, SYSTEM_CLOCK } from "../clock.ts";
import type { AnyRunnerType } from "../define_runner.ts";
import type { RunnerPriority } from "../definition.ts";
import { RUNNER_ERRORS, type RunnerError, runnerError, type RunnerErrorCode, toRunnerError } from "../errors.ts";
import type { Answering } from "../node.ts";
import type { Runner, RunnerOptions, RunOptions } from "../runner.ts";
import type { Capability, InferenceRequest, InferenceResult } from "../types.ts";
import { scoreOf } from "./score.ts";

/** Most retries with one runner. */
export const RETRIES_MAX = 3;

/** One of the runners that a router chooses from. The same runner may stand in several, with other parameters. */
export interface Route {
  readonly runner: AnyRunnerType;
  /** What it is called in metadata and errors. Default: its node type, with `#2`, `#3` … if others have the same name. */
  readonly name?: string | undefined;
  /** Default: none. */
  readonly params?: RunnerOptions["params"];
  /** Default: that of the runner. */
  readonly vendor?: string | undefined;
  /** Default: that of the runner. */
  readonly priority?: RunnerPriority | undefined;
}

/** How a router chooses. */
export interface RouterOptions extends Omit<RunnerOptions, "params"> {
  readonly capability: Capability;
  /** Those it chooses from. Of equals, the first one is asked first. */
  readonly runners: readonly Route[];
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
  /** How long was waited before the same runner was asked again; absent where it was not. */
  readonly retryDelayMs?: number;
}

/** A route in its place. */
interface Ranked extends Route {
  readonly name: string;
  /** Where it stands among the given ones. */
  readonly index: number;
}

const UNFIT: ReadonlySet<RunnerErrorCode> = new Set(["E405", "E406"]);

/** Whether another runner may be able to do what this one cannot, or was not granted. */
function isUnfit({ code, cause }: RunnerError): boolean {
  return UNFIT.has(code) || StreamrackError.is(cause) && cause.code === "permission-denied";
}

/**
 * Asks the best runner that is there, then the next ones. A recoverable
 * failure is tried again where that may help, then goes to the next runner, as
 * does a request that the runner is not made for, or lacks a permission for;
 * any other failure is the answer. Once a partial result has gone out, nothing is tried again: a reader
 * would get the beginning twice.
 *
 * Every result has the metadata `runner` (the name of the route) and
 * `attempts`; the final one has `failures` (`{ runner, code, message,
 * retryDelayMs? }`, where the last is how long was waited, in milliseconds,
 * before the same runner was asked again) if there were any.
 */
export class Router implements Answering {
  readonly #options: RouterOptions;
  readonly #clock: Clock;
  readonly #ranked: readonly Ranked[];
  /** Each is made when it is first asked. */
  readonly #runners = new Map<Ranked, Promise<Runner>>();

  constructor(options: RouterOptions) {
    this.#options = options;
    this.#clock = options.clock ?? SYSTEM_CLOCK;
    const { capability, runners, vendorOrder = [] } = options;
    const score = ({ runner: { definition }, vendor = definition.vendor, priority = definition.priority }: Route) =>
      scoreOf({ vendor, ...priority === undefined ? {} : { priority } }, vendorOrder);
    // The sort is stable: of equals, the first named comes first.
    this.#ranked = named(runners).filter(({ runner }) => runner.definition.capabilities.includes(capability))
      .sort((a, b) => score(a) - score(b));
  }

  /** Names of the routes in the order in which they are asked. */
  get order(): readonly string[] {
    return this.#ranked.map(({ name }) => name);
  }

  /**
   * Makes the runners ahead of the first request, and so checks their
   * parameters. No model is loaded.
   *
   * @throws {StreamrackError} `invalid-params`, with paths such as `params.runners[0].params.model`.
   */
  async prepare(): Promise<void> {
    await Promise.all(this.#ranked.map(async (route) => {
      try {
        await this.#runner(route);
      } catch (thrown) {
        if (!StreamrackError.is(thrown)) throw thrown;
        const problems = thrown.problems.map((problem) => ({
          ...problem,
          path: `params.runners[${route.index}].${problem.path}`,
        }));
        throw new StreamrackError(thrown.reason, thrown.detail, { problems, cause: thrown });
      }
    }));
  }

  /** Answers a request, as a runner does. */
  async *run(request: InferenceRequest, options: RunOptions = {}): AsyncGenerator<InferenceResult, void, void> {
    const failures: Failed[] = [];
    let attempts = 0;
    for (const route of this.#ranked) {
      let runner: Runner;
      try {
        runner = await this.#runner(route);
        const problem = await runner.unavailable();
        if (problem !== undefined) throw problem;
      } catch (thrown) {
        failures.push({ runner: route.name, error: toRunnerError(thrown) });
        continue;
      }
      for (let failed = 1;; failed++) {
        attempts += 1;
        let hasGiven = false;
        let failure: RunnerError | undefined;
        for await (const result of runner.run(request, options)) {
          if (result.error !== undefined) {
            failure = result.error;
            break;
          }
          hasGiven = true;
          const told = { runner: route.name, attempts, ...result.partial ? {} : trail(failures) };
          yield { ...result, metadata: { ...result.metadata, ...told } };
        }
        if (failure === undefined) return;
        const mayAnother = isUnfit(failure);
        if (hasGiven || !(failure.recoverable || mayAnother)) {
          return yield giveUp(failure, route.name, attempts, failures);
        }
        const retryDelayMs = mayAnother ? undefined : this.#retryDelayMs(failure, failed);
        failures.push({ runner: route.name, error: failure, ...retryDelayMs === undefined ? {} : { retryDelayMs } });
        if (retryDelayMs === undefined) break;
        await sleep(this.#clock, retryDelayMs, options.signal ?? this.#options.signal ?? NEVER);
      }
    }
    yield giveUp(this.#nobody(failures), undefined, attempts, failures);
  }

  /** Gives all models up. */
  async [Symbol.asyncDispose](): Promise<void> {
    const runners = await Promise.allSettled(this.#runners.values());
    await Promise.all(runners.map(async (made) => {
      if (made.status === "fulfilled") await made.value.unload();
    }));
  }

  #runner(route: Ranked): Promise<Runner> {
    let made = this.#runners.get(route);
    if (made === undefined) {
      const { signal, log, clock, readEnv } = this.#options;
      made = route.runner.create({ signal, log, clock, readEnv, params: route.params });
      made.catch(() => {}); // told to whoever asks
      this.#runners.set(route, made);
    }
    return made;
  }

  /** How long to wait before the same runner is asked again; `undefined` if that is no use. */
  #retryDelayMs(failure: RunnerError, failed: number): number | undefined {
    const { maxRetries = RETRIES_MAX, initialDelayMs = 200, maxDelayMs = 5000, random } = this.#options;
    const { retryable = false } = failure.cause as { readonly retryable?: boolean };
    const { retryAfterMs = 0 } = failure;
    if (!retryable || failed > Math.min(maxRetries, RETRIES_MAX) || retryAfterMs > maxDelayMs) return undefined;
    return Math.max(retryAfterMs, delayMs({ initialDelayMs, maxDelayMs }, failed, random));
  }

  /** What remains to be said when all have failed: the last failure with those before it, or that there was nobody. */
  #nobody(failures: readonly Failed[]): RunnerError {
    const last = failures.at(-1);
    if (last === undefined) {
      return toRunnerError(
        runnerError("E404", `there is no runner for ${this.#options.capability}`, {
          remedy: "Add a runner that has the capability.",
        }),
      );
    }
    if (failures.every(({ runner }) => runner === last.runner)) return last.error;
    const { code, message, retryAfterMs, cause } = last.error;
    const told = new Map(failures.map(({ runner, error }) => [`${runner} ${error.message}`, { runner, error }]));
    const { code: kind, retryable, remedy } = cause as StreamrackError;
    return toRunnerError(
      new StreamrackError(RUNNER_ERRORS[code].reason, `every runner failed, the last one with: ${message}`, {
        code: kind,
        problems: [...told.values()].map(({ runner, error }) => ({ path: runner, message: error.message })),
        retryable,
        retryAfterMs,
        remedy,
        cause,
      }),
    );
  }
}

const NEVER = new AbortController().signal;

/** Gives every route a name of its own. */
function named(routes: readonly Route[]): Ranked[] {
  const counts = new Map<string, number>();
  return routes.map((route, index) => {
    const name = route.name ?? route.runner.definition.type;
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    return { ...route, index, name: count === 1 ? name : `${name}#${count}` };
  });
}

function trail(failures: readonly Failed[]): Metadata {
  const told = failures.map(({ runner, error: { code, message }, retryDelayMs }): JsonValue => ({
    runner,
    code,
    message,
    ...retryDelayMs === undefined ? {} : { retryDelayMs: Math.round(retryDelayMs) },
  }));
  return told.length === 0 ? {} : { failures: told };
}

function giveUp(
  error: RunnerError,
  runner: string | undefined,
  attempts: number,
  failures: readonly Failed[],
): InferenceResult {
  const metadata = { ...runner === undefined ? {} : { runner }, attempts, ...trail(failures) };
  return { outputs: {}, metadata, error, partial: false };
}
