/**
 * What several checks run a node with, and read off its runs.
 *
 * @module
 */

import type { DataKind, RuntimeData } from "../../core/data/types.ts";
import { StreamrackError } from "../../core/errors.ts";
import type { NodeRun, TestSource } from "../run_node.ts";
import { FAULT, type Subject } from "./subject.ts";

/** Values by their kind. */
export function groupByKind(values: readonly RuntimeData[]): Map<DataKind, RuntimeData[]> {
  const groups = new Map<DataKind, RuntimeData[]>();
  for (const value of values) groups.set(value.type, [...groups.get(value.type) ?? [], value]);
  return groups;
}

/** Values that the node takes: of several kinds for a port, those it does not refuse. */
export async function takenSources(subject: Subject): Promise<TestSource[]> {
  const taken = new Map<string, readonly RuntimeData[]>();
  for (const port of subject.ports) {
    const values: RuntimeData[] = [];
    for (const group of groupByKind(subject.samples(port)).values()) {
      const sources = subject.sources((other) => other === port ? group : subject.samples(other));
      const isTaken = await subject.run(sources).then(() => true, () => false);
      if (isTaken) values.push(...group);
    }
    taken.set(port, values);
  }
  return subject.sources((port) => taken.get(port) ?? []);
}

/** What a run failed with; fails itself if it only did not end. */
export function asRefusal(thrown: unknown): StreamrackError {
  const refusal = StreamrackError.from(thrown);
  if (refusal.detail.startsWith(FAULT)) throw refusal;
  return refusal;
}

/** Everything that a run gave, as text to compare. */
export function fingerprint({ outputs }: NodeRun): string {
  return JSON.stringify(outputs, (_, value: unknown) => {
    if (!ArrayBuffer.isView(value)) return value;
    return Array.from(value as Uint8Array, String); // NaN and big integers have no JSON
  });
}
