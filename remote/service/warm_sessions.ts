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

  /** A session that nothing was sent to, if one waits. */
  take(manifest: Manifest): Session | undefined {
    if (this.#waiting.length === 0) return undefined;
    // One whose thread has died meanwhile is of no use.
    this.#waiting = this.#waiting.filter(({ session }) => session.state === "open");
    const key = keyOf(manifest);
    const index = this.#waiting.findIndex((warm) => warm.key === key);
    return index < 0 ? undefined : this.#waiting.splice(index, 1)[0]?.session;
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
    // A copy: what a session does to its manifest must not be seen by another.
    const session = await this.#runtime.open(structuredClone(manifest));
    if (this.#isClosed) return await session.cancel("the service stops");
    this.#waiting.push({ key, session, sinceMs: performance.now() });
    this.#sweeper ??= setInterval(() => this.#sweep(), KEPT_MS / 2);
    if (this.#waiting.length > this.#max) {
      await this.#waiting.shift()?.session.cancel("another manifest is asked for more often");
    }
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

const keys = new WeakMap<Manifest, string>();

/** Tells one manifest from another by all that matters to a run. */
function keyOf(manifest: Manifest): string {
  const known = keys.get(manifest);
  if (known !== undefined) return known;
  const { nodes, connections, version } = manifest;
  const key = createHash("sha256").update(JSON.stringify([version, nodes, connections])).digest("base64");
  keys.set(manifest, key);
  return key;
}
