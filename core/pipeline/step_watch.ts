/**
 * A watch over the steps of a node.
 *
 * @module
 */

/** Sees when a node is at work. */
export interface StepWatch {
  begin(): void;
  end(): void;
}
