/**
 * What a node is told of its input.
 *
 * @module
 */

import type { Delivery } from "../flow/alignment.ts";
import type { Inlet } from "../flow/inlet.ts";
import type { Item } from "../flow/item.ts";
import type { ItemContext, NodeSource } from "../node/contract.ts";
import type { Progress } from "../node/progress.ts";

/** What a node is told of its input. */
export class StepContext implements ItemContext {
  readonly source: NodeSource;
  readonly sequence: number;
  readonly missing: number;
  readonly attempt: number;
  readonly isPartial: boolean;
  readonly progress: Progress | undefined;
  readonly #signal: () => AbortSignal;

  constructor(delivery: Delivery, missing: number, attempt: number, signal: () => AbortSignal) {
    const item = delivery.items[0] as Item;
    this.source = (delivery.edges[0] as Inlet).source;
    this.sequence = item.sequence;
    this.missing = missing;
    this.attempt = attempt;
    this.isPartial = item.isPartial === true;
    this.progress = item.progress;
    this.#signal = signal;
  }

  /** Made on demand: most nodes never ask, and a controller for each value is not free. */
  get signal(): AbortSignal {
    return this.#signal();
  }
}
