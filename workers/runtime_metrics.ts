/**
 * What a runtime counts of all its sessions.
 *
 * @module
 */

import type { Plan, PlanSegment } from "../core/pipeline/plan.ts";
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
}

interface Followed {
  readonly plan: Plan;
  readonly wiring: SessionWiring;
}

/** Follows the sessions of a runtime. */
export class RuntimeMeter {
  readonly #open = new Set<Followed>();
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

  /** What is counted now. */
  read(): Pick<RuntimeMetrics, "sessions" | "bytesInFlight" | "plugins"> {
    const plugins = new Map<string, { -readonly [K in keyof PluginMetrics]: PluginMetrics[K] }>();
    for (const [name, totals] of this.#totals) plugins.set(name, { sessions: 0, bytesInFlight: 0, ...totals });
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
    return { sessions: this.#open.size, bytesInFlight, plugins: Object.fromEntries(plugins) };
  }

  #totalsOf(name: string): Totals {
    let totals = this.#totals.get(name);
    if (totals === undefined) this.#totals.set(name, totals = { items: 0, crashes: 0 });
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
