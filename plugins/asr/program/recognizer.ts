/**
 * Runs a program for one stretch of audio after the other, with a spare run
 * that has loaded its model already.
 *
 * @module
 */

import { availableParallelism } from "node:os";
import { runnerError } from "../../../runners/mod.ts";
import type { Transcript } from "../transcript.ts";
import { findProgram } from "./find_program.ts";
import type { SpeechProgram } from "./program.ts";
import { ProgramRun } from "./program_run.ts";

/** A program that is loaded: all sessions of a thread share it. */
export class Recognizer {
  readonly program: SpeechProgram;
  readonly #path: string;
  readonly #runs = new Set<ProgramRun>();
  readonly #waiting: (() => void)[] = [];
  #spare: ProgramRun | undefined;
  #busy = 0;
  #isClosed = false;

  private constructor(program: SpeechProgram, path: string) {
    this.program = program;
    this.#path = path;
    this.#prepare();
  }

  /**
   * Looks for the program and its model, and starts the first run.
   *
   * @throws {StreamrackError} See {@linkcode findProgram}.
   */
  static async load(program: SpeechProgram): Promise<Recognizer> {
    return new Recognizer(program, await findProgram(program));
  }

  /** Processes that are running now. */
  get processes(): number {
    return this.#runs.size;
  }

  /**
   * Writes down what is said. At most one run for each processor works at a time; others wait.
   *
   * @throws {StreamrackError} `inference-failed` (E101) if the program fails; the reason of the signal if that aborts: the
   * process is gone by then.
   */
  async transcribe(samples: Int16Array, signal: AbortSignal): Promise<Transcript> {
    await this.#enter(signal);
    try {
      const run = this.#take();
      const printed = await run.feed(this.program.encode(samples), signal);
      try {
        return this.program.read(printed);
      } catch (cause) {
        throw runnerError("E101", `${this.program.title} printed what is no transcript`, { cause });
      }
    } finally {
      this.#leave();
      // Not before: a run that loads its model would slow down the one that somebody waits for.
      if (!this.#isClosed) this.#prepare();
    }
  }

  /** Ends all processes, and waits until they are gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#runs].map((run) => run.kill()));
  }

  #take(): ProgramRun {
    if (this.#isClosed) throw runnerError("E101", `${this.program.title} was unloaded`);
    const spare = this.#spare;
    this.#spare = undefined;
    return spare?.isWaiting === true ? spare : this.#start();
  }

  #start(): ProgramRun {
    const run = new ProgramRun(this.program, this.#path);
    this.#runs.add(run);
    void run.ended.then(() => this.#runs.delete(run));
    return run;
  }

  #prepare(): void {
    if (this.#spare?.isWaiting === true) return;
    try {
      this.#spare = this.#start();
    } catch {
      this.#spare = undefined; // whoever needs one will hear why it cannot be started
    }
  }

  async #enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#busy < RUNS_MAX) {
      this.#busy += 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const onTurn = () => {
        signal.removeEventListener("abort", onAbort);
        resolve();
      };
      const onAbort = () => {
        this.#waiting.splice(this.#waiting.indexOf(onTurn), 1);
        reject(signal.reason);
      };
      this.#waiting.push(onTurn);
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  /** Hands the place on to whoever waits. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#busy -= 1;
    else next();
  }
}

const RUNS_MAX = Math.max(1, availableParallelism());
