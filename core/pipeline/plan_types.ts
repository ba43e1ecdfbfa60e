/**
 * The parts of a plan.
 *
 * @module
 */

import type { JsonValue } from "../data/types.ts";
import type { WhenFull } from "../flow/item.ts";
import type { PortKinds } from "../node/contract.ts";
import type { NodeDescription } from "../node/describe.ts";
import type { RegisteredPlugin } from "../node/registry.ts";
import type { NodePolicy } from "./policy.ts";
import type { PortRef } from "./port_ref.ts";

/** One node of a plan. */
export interface PlanNode {
  readonly id: string;
  readonly description: NodeDescription;
  readonly plugin: RegisteredPlugin;
  readonly params: JsonValue | undefined;
  /** Where the parameters stand in the manifest. */
  readonly paramsPath: string;
  /** What happens to inputs that fail, or take too long. Absent: the session fails. */
  readonly policy?: NodePolicy | undefined;
  /** Name of the segment that it must be in. */
  readonly segment?: string | undefined;
  /** Whether it may share a segment with its neighbours. */
  readonly fuse: boolean;
}

/** One connection of a plan, with its ports. */
export interface PlanEdge {
  readonly from: PortRef;
  readonly to: PortRef;
  /** Most values in flight. Absent: as many as on any edge of the session. */
  readonly maxItems?: number | undefined;
  /** What happens to a value for which there is no room. Absent: its writer waits. */
  readonly whenFull?: WhenFull | undefined;
}

/** A port through which the session takes or gives values. */
export interface PlanPort extends PortRef {
  readonly kinds: PortKinds;
}

/** Connected nodes of one group, which share a worker task. */
export interface PlanSegment {
  readonly id: string;
  readonly group: string;
  readonly tier: "worker" | "process" | "inline";
  /** In topological order. */
  readonly nodes: readonly PlanNode[];
}

/** A manifest after validation. */
export interface Plan {
  readonly name: string;
  /** In topological order. */
  readonly nodes: readonly PlanNode[];
  readonly edges: readonly PlanEdge[];
  readonly segments: readonly PlanSegment[];
  /** Input ports without a connection: what a session takes. */
  readonly inputs: readonly PlanPort[];
  /** Ports of nodes that nobody reads or that are marked as output nodes: what a session gives. */
  readonly outputs: readonly PlanPort[];
}
