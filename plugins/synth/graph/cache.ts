import { contentHash } from "./hash.ts";
import { type GraphPlan, planGraph } from "./plan.ts";
import type { DspGraph } from "./schema.ts";

/** A graph with its plan and the hash of its content. */
export interface CompiledGraph {
  readonly hash: string;
  readonly graph: DspGraph;
  readonly plan: GraphPlan;
}

/** Compiled graphs by the hash of their content; the ones that were used last are kept. */
export class GraphCache {
  readonly #limit: number;
  readonly #graphs = new Map<string, CompiledGraph>();
  /** How often a graph was there already, and how often it had to be compiled. */
  hits = 0;
  misses = 0;

  /** @param limit Most graphs, from 1. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#graphs.size;
  }

  /** Hashes, the one that was used last at the end. */
  get hashes(): readonly string[] {
    return [...this.#graphs.keys()];
  }

  /** Counts a use of a graph that somebody still has, and keeps it among the last used ones. */
  use(compiled: CompiledGraph): void {
    this.hits += 1;
    this.#keep(compiled);
  }

  /**
   * Compiles a graph, unless it is there.
   *
   * @throws {StreamrackError} `invalid-data` if it cannot be played.
   */
  async compile(graph: DspGraph): Promise<CompiledGraph> {
    const hash = await contentHash(graph);
    let compiled = this.#graphs.get(hash);
    if (compiled === undefined) {
      this.misses += 1;
      compiled = { hash, graph, plan: planGraph(graph) };
    } else {
      this.hits += 1;
    }
    this.#keep(compiled);
    return compiled;
  }

  #keep(compiled: CompiledGraph): void {
    this.#graphs.delete(compiled.hash);
    this.#graphs.set(compiled.hash, compiled);
    if (this.#graphs.size > this.#limit) this.#graphs.delete(this.#graphs.keys().next().value as string);
  }
}
