import { Param } from "../dsp/control.ts";
import { type Bus, createBus, type QualityState } from "../dsp/kernel.ts";
import { NODE_TYPE_SPECS, type NumberSpec } from "../graph/node_types.ts";
import type { GraphPlan } from "../graph/plan.ts";

/** What the kernels of one performance share. */
export interface KernelScope {
  readonly plan: GraphPlan;
  readonly sampleRate: number;
  readonly seed: number;
  readonly quality: QualityState;
  /** Where each node writes, by index. Voices take turns on theirs. */
  readonly buses: readonly Bus[];
  /** The parameters of each node, by index. */
  readonly params: readonly { readonly [name: string]: Param }[];
}

/** Allocates what all kernels of a performance share. */
export function createScope(
  plan: GraphPlan,
  options: { readonly sampleRate: number; readonly seed: number },
): KernelScope {
  return {
    plan,
    ...options,
    quality: { maxUnison: 8 },
    buses: plan.nodes.map(({ channels }) => createBus(channels)),
    params: plan.nodes.map(({ type, numbers }) => {
      const specs: { readonly [name: string]: NumberSpec } = NODE_TYPE_SPECS[type].numbers;
      return Object.fromEntries(
        Object.entries(numbers).map(([name, value]) => [name, new Param(value, specs[name] as NumberSpec)]),
      );
    }),
  };
}
