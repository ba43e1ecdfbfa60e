/**
 * What a runtime counts of all its sessions.
 *
 * @module
 */

import type { Plan, PlanSegment } from "../core/pipeline/plan.ts";
import type { PlacedSegment } from "./placement.ts";
import type { SessionWiring } from "./wiring.ts";

/** Counts of one plugin. */
export interface PluginMetrics {
  /** Sessions that are open and have a node of it. */
  readonly sessions: number;
  /** Bytes on their way to its nodes. */
  readonly bytesInFlight: number;
  /** Values that its nodes have taken since the runtime was made. */
  readonly items: number;
  /** Segments with a node of it whose thread has ended since then, though nobody asked it to. */
  readonly crashes: number;
  /** Segments with a node of it that were started again since then, after a crash. */
  readonly restarts: number;
  /** Sessions that have failed since then because it broke the protocol between workers and host. */
  readonly violations: number;
  /** How often a thread that ran it stood still for longer than `stallAfterMs`. */
  readonly stalls: number;
  /** The longest time that one did, in milliseconds, to a quarter of a second. */
  readonly longestStallMs: number;
  /** Threads with it that stand still now. */
  readonly stalledThreads: number;
  /** Heap of the threads that run it, in bytes, as they say themselves. */
  readonly heapBytes: number;
  /** Buffers of these threads, in bytes, as they say themselves. */
  readonly bufferBytes: number;
}

/** Counts of a runtime, as they stand. */
export interface RuntimeMetrics {
  /** Sessions that are open, or opening. */
  readonly sessions: number;
  /** Calls of `open` that wait for their turn. */
  readonly queuedSessions: number;
  /** Threads that are up. */
  readonly threads: number;
  /** Bytes in flight in all sessions together. */
  readonly bytesInFlight: number;
  /** By name; every plugin that a session has used. */
  readonly plugins: { readonly [pluginName: string]: PluginMetrics };
}

interface Totals {
  items: number;
  crashes: number;
  restarts: number;
  violations: number;
  stalls: number;
  longestStallMs: number;
}

interface Followed {
  readonly plan: Plan;
  readonly wiring: SessionWiring;
}

/** Of a plugin that nothing is known of but its totals. */
const NOTHING = { sessions: 0, bytesInFlight: 0, stalledThreads: 0, heapBytes: 0, bufferBytes: 0 };

/** Follows the sessions of a runtime. */
export class RuntimeMeter {
  readonly #open = new Set<Followed>();
  readonly #placed = new Set<PlacedSegment>();
  /** Of what has ended. */
  readonly #totals = new Map<string, Totals>();

  /** Counts a session from now on. @returns Says that it has ended. May be called more than once. */
  follow(plan: Plan, wiring: SessionWiring): () => void {
    const followed = { plan, wiring };
    this.#open.add(followed);
    for (const name of pluginsOf(plan)) this.#totalsOf(name);
    return () => {
      if (!this.#open.delete(followed)) return;
      for (const [name, { items }] of countsOf(plan, wiring)) this.#totalsOf(name).items += items;
    };
  }

  /** Counts a segment whose thread has ended, though nobody asked it to. */
  crashed({ nodes }: PlanSegment): void {
    for (const name of new Set(nodes.map(({ plugin }) => plugin.description.name))) this.#totalsOf(name).crashes += 1;
  }

  /** Counts a segment that was started again. */
  restarted({ nodes }: PlanSegment): void {
    for (const name of new Set(nodes.map(({ plugin }) => plugin.description.name))) this.#totalsOf(name).restarts += 1;
  }

  /** Counts a violation of the protocol. */
  violated(pluginName: string): void {
    this.#totalsOf(pluginName).violations += 1;
  }

  /** Counts how a segment fares, until it ends. */
  watch(placed: PlacedSegment): void {
    if (placed.health() === undefined) return;
    this.#placed.add(placed);
    const end = () => {
      this.#placed.delete(placed);
      const { plugins = [], stalls = 0, longestStallMs = 0 } = placed.health() ?? {};
      for (const name of plugins) {
        const totals = this.#totalsOf(name);
        totals.stalls += stalls;
        totals.longestStallMs = Math.max(totals.longestStallMs, longestStallMs);
      }
    };
    placed.result.then(end, end);
  }

  /** What is counted now. */
  read(): Pick<RuntimeMetrics, "sessions" | "bytesInFlight" | "plugins"> {
    const plugins = new Map<string, { -readonly [K in keyof PluginMetrics]: PluginMetrics[K] }>();
    for (const [name, totals] of this.#totals) plugins.set(name, { ...NOTHING, ...totals });
    let bytesInFlight = 0;
    for (const followed of this.#open) {
      bytesInFlight += followed.wiring.counters.bytesInFlight;
      for (const [name, counts] of countsOf(followed.plan, followed.wiring)) {
        const plugin = plugins.get(name)!;
        plugin.sessions += 1;
        plugin.items += counts.items;
        plugin.bytesInFlight += counts.bytesInFlight;
      }
    }
    this.#addHealth(plugins);
    return { sessions: this.#open.size, bytesInFlight, plugins: Object.fromEntries(plugins) };
  }

  /** A thread that runs several segments counts once for each plugin. */
  #addHealth(plugins: ReadonlyMap<string, { -readonly [K in keyof PluginMetrics]: PluginMetrics[K] }>): void {
    const seen = new Set<string>();
    for (const placed of this.#placed) {
      const health = placed.health();
      for (const name of health?.plugins ?? []) {
        const plugin = plugins.get(name);
        if (plugin === undefined || health === undefined) continue;
        plugin.stalls += health.stalls;
        plugin.longestStallMs = Math.max(plugin.longestStallMs, health.longestStallMs);
        if (seen.has(`${health.threadId} ${name}`)) continue;
        seen.add(`${health.threadId} ${name}`);
        if (health.stalledMs > 0) plugin.stalledThreads += 1;
        plugin.heapBytes += health.heapBytes;
        plugin.bufferBytes += health.bufferBytes;
      }
    }
  }

  #totalsOf(name: string): Totals {
    let totals = this.#totals.get(name);
    if (totals === undefined) {
      this.#totals.set(
        name,
        totals = { items: 0, crashes: 0, restarts: 0, violations: 0, stalls: 0, longestStallMs: 0 },
      );
    }
    return totals;
  }
}

/** By plugin: what its nodes have taken, and what waits for them. */
export function countsOf(plan: Plan, wiring: SessionWiring): Map<string, PluginCounts> {
  const pluginOf = new Map(plan.nodes.map(({ id, plugin }) => [id, plugin.description.name]));
  const counts = new Map<string, PluginCounts>();
  for (const name of pluginsOf(plan)) counts.set(name, { items: 0, bytes: 0, bytesInFlight: 0 });
  for (const { to, taken, waiting } of wiring.counters.taken()) {
    const plugin = to && counts.get(pluginOf.get(to.nodeId) as string);
    if (plugin === undefined) continue;
    plugin.items += taken.items;
    plugin.bytes += taken.bytes;
    plugin.bytesInFlight += waiting.bytes;
  }
  return counts;
}

interface PluginCounts {
  items: number;
  bytes: number;
  bytesInFlight: number;
}

function pluginsOf(plan: Plan): Set<string> {
  return new Set(plan.nodes.map(({ plugin }) => plugin.description.name));
}
