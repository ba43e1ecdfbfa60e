/**
 * The engine of a thread: what all nodes of the plugin in it share. It keeps
 * only what can be made again from its content, and counts.
 *
 * @module
 */

import { GraphCache } from "../graph/cache.ts";
import { canonicalJson } from "../graph/hash.ts";
import type { Correction } from "../quality/correct.ts";
import { type Embedder, type PresetMatch, PresetSearch, type SearchOptions } from "../search/preset_search.ts";
import type { Deadlines } from "./deadlines.ts";
import type { Decided } from "./decided.ts";
import { allPresets } from "./library.ts";
import type { EngineStatus } from "./reports.ts";

/** Version of the engine: another one may give other samples. */
export const ENGINE_VERSION = "1.2.1";
const BACKEND = "typescript (band-limited tables, 64-bit)";
const CACHED_GRAPHS = 64;
const CACHED_CORRECTIONS = 256;
const CACHED_DECISIONS = 64;
/** How much of the load is that of the last block. */
const LOAD_SMOOTHING = 0.05;

/** What an engine is made with. */
export interface EngineOptions {
  /** Milliseconds that pass; any start. */
  readonly now: () => number;
}

/** See the module. */
export class SynthEngine {
  readonly version = ENGINE_VERSION;
  readonly graphs = new GraphCache(CACHED_GRAPHS);
  readonly corrections = new PromiseCache<Correction>(CACHED_CORRECTIONS);
  readonly now: () => number;
  readonly #decisions = new PromiseCache<Decided>(CACHED_DECISIONS);
  readonly #startMs: number;
  readonly #searches = new Map<Embedder | undefined, PresetSearch>();
  readonly #voices = new Map<object, () => number>();
  #load = 0;
  #blocks = 0;
  #slow = 0;
  #misses = 0;

  constructor({ now }: EngineOptions) {
    this.now = now;
    this.#startMs = now();
  }

  /** Presets for a prompt. The index is made at the first call. */
  async search(prompt: string, options: SearchOptions, embedder?: Embedder): Promise<PresetMatch[]> {
    let search = this.#searches.get(embedder);
    if (search === undefined) this.#searches.set(embedder, search = new PresetSearch(allPresets(), embedder));
    return await search.search(prompt, options);
  }

  /**
   * What a request comes to: decided once, then remembered, since the same
   * request always comes to the same.
   *
   * @param scope Tells apart what decides in different ways.
   */
  async decided(scope: string, request: unknown, decide: () => Promise<Decided>): Promise<Decided> {
    let isNew = false;
    const decided = await this.#decisions.get(`${scope}:${canonicalJson(request)}`, () => {
      isNew = true;
      return decide();
    });
    if (!isNew) this.graphs.use(decided.graph);
    return decided;
  }

  /** Counts a performance while it runs; the result ends that. */
  watch(activeVoices: () => number): () => void {
    const key = {};
    this.#voices.set(key, activeVoices);
    return () => void this.#voices.delete(key);
  }

  /**
   * Counts a block: how long it took, how long it lasts, and the deadlines of
   * the live performance that it belongs to. Returns its load.
   */
  countBlock(tookMs: number, lastsMs: number, deadlines?: Deadlines): number {
    const load = tookMs / lastsMs;
    this.#load += (load - this.#load) * (this.#blocks === 0 ? 1 : LOAD_SMOOTHING);
    this.#blocks += 1;
    if (deadlines === undefined) return load;
    if (load > 1) this.#slow += 1;
    if (deadlines.isMissed(tookMs, lastsMs)) this.#misses += 1;
    return load;
  }

  /** What it is doing now. */
  status(): EngineStatus {
    const memory = processMemory();
    let activeVoices = 0;
    for (const count of this.#voices.values()) activeVoices += count();
    return {
      version: this.version,
      backend: BACKEND,
      cachedGraphs: this.graphs.size,
      graphHashes: this.graphs.hashes,
      cacheHits: this.graphs.hits,
      cacheMisses: this.graphs.misses,
      activeVoices,
      cpuLoad: Math.round(1e4 * this.#load) / 1e4,
      heapBytes: memory?.heapUsed ?? null,
      rssBytes: memory?.rss ?? null,
      slowBlocks: this.#slow,
      deadlineMisses: this.#misses,
      renderedBlocks: this.#blocks,
      uptimeS: Math.round(this.now() - this.#startMs) / 1000,
    };
  }
}

/** Remembers what was computed last, by key. A failure is not remembered. */
class PromiseCache<T> {
  readonly #limit: number;
  readonly #entries = new Map<string, Promise<T>>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(key: string, compute: () => Promise<T>): Promise<T> {
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = compute();
      entry.catch(() => this.#entries.delete(key));
    }
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    if (this.#entries.size > this.#limit) this.#entries.delete(this.#entries.keys().next().value as string);
    return entry;
  }
}

/** All three runtimes have `process`, but a plugin cannot count on it. */
function processMemory(): { heapUsed: number; rss: number } | undefined {
  const { process } = globalThis as { process?: { memoryUsage?: () => { heapUsed: number; rss: number } } };
  return process?.memoryUsage?.();
}

/** The engine of this thread. */
export const engine = new SynthEngine({ now: () => performance.now() });
