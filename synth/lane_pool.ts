import type { Runtime } from "../mod.ts";
import { type JsonValue, StreamrackError } from "../core/plugin.ts";
import { Lane, type LaneOutput } from "./lane.ts";

/** How a {@linkcode LanePool} opens its sessions. */
export interface LanePoolOptions {
  readonly runtime: Runtime;
  readonly nodeType: string;
  readonly params: JsonValue;
  /** Most sessions, and so requests, at a time. */
  readonly limit: number;
  /** Called with a new session after one had died. */
  readonly onReplaced: (lane: Lane) => Promise<void>;
}

/** Sessions with one node type: kept open between requests, replaced when they die. */
export class LanePool {
  readonly #options: LanePoolOptions;
  readonly #idle: Lane[] = [];
  readonly #waiting: (() => void)[] = [];
  #taken = 0;
  #hasDied = false;
  #isClosed = false;

  constructor(options: LanePoolOptions) {
    this.#options = options;
  }

  /** Sends a request as soon as a session is free. */
  async *request(value: JsonValue, signal?: AbortSignal): AsyncGenerator<LaneOutput> {
    await this.#take(signal);
    let lane: Lane | undefined;
    try {
      this.checkOpen();
      await this.#dropDead();
      lane = this.#idle.pop() ?? await this.#open();
      yield* lane.request(value, signal);
    } catch (thrown) {
      if (StreamrackError.is(thrown) && thrown.reason === "worker-crashed") {
        this.#hasDied = true;
        // Those that were idle in the same thread died with it.
        await Promise.all(this.#idle.splice(0).map((idle) => idle.close().catch(() => {})));
      }
      throw thrown;
    } finally {
      if (lane?.isUsable === true) {
        if (this.#isClosed) await lane.close();
        else this.#idle.push(lane);
      }
      this.#release();
    }
  }

  /** Ends all sessions; requests that wait are refused. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const wake of this.#waiting.splice(0)) wake();
    await Promise.all(this.#idle.splice(0).map((lane) => lane.close()));
  }

  /** Sessions whose engine died while they were idle cost no request. */
  async #dropDead(): Promise<void> {
    const dead = this.#idle.filter((lane) => !lane.isAlive);
    if (dead.length === 0) return;
    this.#hasDied = true;
    for (const lane of dead) this.#idle.splice(this.#idle.indexOf(lane), 1);
    await Promise.all(dead.map((lane) => lane.close().catch(() => {})));
  }

  async #open(): Promise<Lane> {
    const { runtime, nodeType, params, onReplaced } = this.#options;
    const lane = await Lane.open(runtime, nodeType, params);
    if (this.#hasDied) {
      this.#hasDied = false;
      await onReplaced(lane);
    }
    return lane;
  }

  async #take(signal: AbortSignal | undefined): Promise<void> {
    while (this.#taken >= this.#options.limit && !this.#isClosed) {
      signal?.throwIfAborted();
      await new Promise<void>((resolve, reject) => {
        const wake = () => {
          signal?.removeEventListener("abort", abort);
          resolve();
        };
        const abort = () => {
          const place = this.#waiting.indexOf(wake);
          if (place !== -1) this.#waiting.splice(place, 1);
          reject(signal?.reason);
        };
        signal?.addEventListener("abort", abort, { once: true });
        this.#waiting.push(wake);
      });
    }
    this.#taken += 1;
  }

  #release(): void {
    this.#taken -= 1;
    this.#waiting.shift()?.();
  }

  /** @throws {StreamrackError} `runtime-closed` after the end. */
  checkOpen(): void {
    if (this.#isClosed) {
      throw new StreamrackError("runtime-closed", "the synth was closed", { remedy: "Make a new one." });
    }
  }
}
