/**
 * Names a port of a pipeline.
 *
 * @module
 */

/** A port of a node. */
export interface PortRef {
  readonly nodeId: string;
  readonly port: string;
}
