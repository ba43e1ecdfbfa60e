/**
 * Sessions that are open before they are asked for.
 *
 * To open a session takes several messages between threads, which is most of
 * the time of a short one-shot run. A manifest that ran before will often run
 * again, so a new session for it is opened after the answer was sent. A session
 * serves one run only, as nodes may keep what they saw.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { Manifest, Runtime, Session } from "../../mod.ts";

/** How long a session waits to be taken, in milliseconds. */
const KEPT_MS = 30_000;
/** How many manifests are remembered as having run. */
const REMEMBERED = 64;

interface Warm {
  readonly key: string;
  readonly session: Session;
  readonly sinceMs: number;
}

/** Sessions that wait for a run, the oldest first. */
export class WarmSessions {
  readonly #runtime: Runtime;
  readonly #max: number;
  readonly #seen = new Set<string>();
  #waiting: Warm[] = [];
  readonly #pending = new Set<Promise<void>>();
  #sweeper: ReturnType<typeof setInterval> | undefined;
  #isClosed = false;

  constructor(runtime: Runtime, max: number) {
    this.#runtime = runtime;
    this.#max = max;
  }

  /**
   * A session that nothing was sent to: one that waits, or a new one.
   *
   * @throws {StreamrackError} As `Runtime.open`.
   */
  async take(manifest: Manifest, signal: AbortSignal): Promise<Session> {
    const index = this.#max === 0 ? -1 : this.#find(keyOf(manifest));
    if (index < 0) return await this.#runtime.open(manifest, { signal });
    const [{ session }] = this.#waiting.splice(index, 1) as [Warm];
    const onAbort = () => void session.cancel(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    return session;
  }

  /** To be called after a run that ended well: opens a session for the next one, from the second run on. */
  replenish(manifest: Manifest): void {
    if (this.#max === 0 || this.#isClosed) return;
    const key = keyOf(manifest);
    if (!this.#seen.delete(key)) {
      this.#remember(key);
      return;
    }
    this.#remember(key);
    if (this.#pending.size >= this.#max) return;
    const opening = afterThisTurn().then(() => this.#open(key, manifest)).catch(() => {
      // The next run opens its session itself, and is told why if it cannot.
    });
    this.#pending.add(opening);
    void opening.finally(() => this.#pending.delete(opening));
  }

  /** Ends all sessions that wait. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#sweeper);
    await Promise.all(this.#pending);
    await Promise.all(this.#waiting.splice(0).map(({ session }) => session.cancel("the service stops")));
  }

  async #open(key: string, manifest: Manifest): Promise<void> {
    if (this.#isClosed) return;
    const session = await this.#runtime.open(manifest);
    if (this.#isClosed) return await session.cancel("the service stops");
    this.#waiting.push({ key, session, sinceMs: performance.now() });
    this.#sweeper ??= setInterval(() => this.#sweep(), KEPT_MS / 2);
    if (this.#waiting.length > this.#max) {
      await this.#waiting.shift()?.session.cancel("another manifest is asked for more often");
    }
  }

  #find(key: string): number {
    // One whose thread has died meanwhile is of no use.
    this.#waiting = this.#waiting.filter(({ session }) => session.state === "open");
    return this.#waiting.findIndex((warm) => warm.key === key);
  }

  #remember(key: string): void {
    this.#seen.add(key);
    if (this.#seen.size <= REMEMBERED) return;
    const [oldest] = this.#seen;
    this.#seen.delete(oldest as string);
  }

  #sweep(): void {
    const nowMs = performance.now();
    const isOld = ({ sinceMs }: Warm) => nowMs - sinceMs > KEPT_MS;
    for (const { session } of this.#waiting.filter(isOld)) void session.cancel("nobody asked for it");
    this.#waiting = this.#waiting.filter((warm) => !isOld(warm));
    if (this.#waiting.length > 0) return;
    clearInterval(this.#sweeper);
    this.#sweeper = undefined;
  }
}

/** Opening takes longer than all the rest of a short run: the answer is not to wait for it. */
function afterThisTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

/** Tells one manifest from another by all that matters to a run. */
function keyOf({ nodes, connections, version }: Manifest): string {
  return createHash("sha256").update(JSON.stringify([version, nodes, connections])).digest("base64");
}
