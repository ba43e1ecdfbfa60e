/**
 * The metrics that are given to OpenTelemetry.
 *
 * Counters that are observed name the totals of the whole process: values of
 * sessions that run are counted as they are now, those of ended ones are kept.
 *
 * @module
 */

import type { Attributes, Counter, Histogram, MeterProvider, ObservableResult } from "@opentelemetry/api";
import type { SessionMetrics } from "../../core/pipeline/metrics.ts";
import type { OpenTelemetry } from "./api.ts";

/** What the nodes of one plugin have taken. */
export interface PluginCounts {
  readonly items: number;
  readonly bytes: number;
}

/** A session that runs, as the instruments see it. */
export interface ObservedSession {
  /** By plugin name. */
  counts(): ReadonlyMap<string, PluginCounts>;
  /** Bytes in flight on all its edges. */
  bytesInFlight(): number;
}

/** The instruments of one meter provider, and the sessions that they look at. */
export class Instruments {
  readonly #sessions = new Set<ObservedSession>();
  /** By plugin name, of sessions that have ended. */
  readonly #ended = new Map<string, PluginCounts>();
  readonly #sessionDuration: Histogram;
  readonly #processTime: Counter;

  constructor(provider: MeterProvider) {
    const meter = provider.getMeter("streamrack");
    meter.createObservableUpDownCounter("streamrack.sessions", {
      description: "Sessions that are open",
      unit: "{session}",
    }).addCallback((result) => result.observe(this.#sessions.size));
    meter.createObservableUpDownCounter("streamrack.bytes_in_flight", {
      description: "Bytes in flight on all edges of all sessions",
      unit: "By",
    }).addCallback((result) =>
      result.observe([...this.#sessions].reduce((sum, each) => sum + each.bytesInFlight(), 0))
    );
    meter.createObservableCounter("streamrack.values", {
      description: "Values that nodes have taken",
      unit: "{value}",
    }).addCallback((result) => this.#observe(result, "items"));
    meter.createObservableCounter("streamrack.bytes", {
      description: "Bytes that nodes have taken",
      unit: "By",
    }).addCallback((result) => this.#observe(result, "bytes"));
    this.#sessionDuration = meter.createHistogram("streamrack.session.duration", {
      description: "How long sessions took, by how they ended",
      unit: "s",
      // From one sentence to a whole call; the default is made for milliseconds.
      advice: { explicitBucketBoundaries: [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 60, 180, 600, 1_800, 3_600] },
    });
    this.#processTime = meter.createCounter("streamrack.node.process_time", {
      description: "Time that nodes spent in process and flush; added when their session ends",
      unit: "s",
    });
  }

  /** Looks at a session from now on. */
  begin(session: ObservedSession): void {
    this.#sessions.add(session);
  }

  /** Keeps what a session has counted, and looks at it no more. */
  end(session: ObservedSession, { state, wallTimeMs, nodes }: SessionMetrics): void {
    if (!this.#sessions.delete(session)) return;
    for (const [name, counts] of session.counts()) this.#ended.set(name, sum(this.#ended.get(name), counts));
    this.#sessionDuration.record(wallTimeMs / 1000, { "streamrack.session.state": state });
    for (const { nodeType, pluginName, busyMs } of Object.values(nodes)) {
      this.#processTime.add(busyMs / 1000, { "streamrack.plugin": pluginName, "streamrack.node.type": nodeType });
    }
  }

  #observe(result: ObservableResult<Attributes>, count: keyof PluginCounts): void {
    const totals = new Map(this.#ended);
    for (const session of this.#sessions) {
      for (const [name, counts] of session.counts()) totals.set(name, sum(totals.get(name), counts));
    }
    for (const [name, counts] of totals) result.observe(counts[count], { "streamrack.plugin": name });
  }
}

function sum(a: PluginCounts | undefined, b: PluginCounts): PluginCounts {
  return { items: (a?.items ?? 0) + b.items, bytes: (a?.bytes ?? 0) + b.bytes };
}

let current: { readonly provider: MeterProvider; readonly instruments: Instruments } | undefined;

/** The instruments of the provider that is registered now. An application may register one later than it traces. */
export function currentInstruments({ metrics }: OpenTelemetry): Instruments {
  const provider = metrics.getMeterProvider();
  if (current?.provider !== provider) current = { provider, instruments: new Instruments(provider) };
  return current.instruments;
}
