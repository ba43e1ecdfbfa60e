/**
 * Disjoint sets of names (union–find, with path compression).
 *
 * @module
 */

/** Names in sets that can be joined. At first each is in a set of its own. */
export class DisjointSets {
  readonly #parents: Map<string, string>;

  constructor(names: readonly string[]) {
    this.#parents = new Map(names.map((name) => [name, name]));
  }

  /** The name that stands for the set of this one. */
  rootOf(name: string): string {
    let root = name;
    for (let parent = this.#parents.get(root); parent !== root; parent = this.#parents.get(root)) {
      root = parent as string;
    }
    // What was walked over points at the root from now on, so that long chains stay cheap.
    for (let at = name; at !== root;) {
      const parent = this.#parents.get(at) as string;
      this.#parents.set(at, root);
      at = parent;
    }
    return root;
  }

  /** Joins the sets of two names; the root of the first stands for both. */
  join(first: string, second: string): void {
    this.#parents.set(this.rootOf(second), this.rootOf(first));
  }
}
