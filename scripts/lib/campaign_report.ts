/**
 * What the fault campaign tells.
 *
 * @module
 */

/** What a campaign counted on one runtime. */
export interface CampaignResult {
  readonly rounds: number;
  readonly restarts: number;
  /** Rounds by fault, and by how they ended. */
  readonly faults: { readonly [fault: string]: { readonly [ending: string]: number } };
  readonly breaches: readonly { readonly seed: number; readonly message: string }[];
}

/** The same, with how the process ended. `result` is absent where it did not tell. */
export interface CampaignCounts {
  readonly runtime: string;
  readonly ok: boolean;
  readonly ending: string;
  readonly result: CampaignResult | undefined;
}

/** The result in the last line of what the program printed. */
export function parseResult(stdout: string): CampaignResult | undefined {
  try {
    return JSON.parse(stdout.trimEnd().split("\n").at(-1) as string) as CampaignResult;
  } catch {
    return undefined;
  }
}

/** Rounds by fault in rows, by runtime in columns, with how they ended. */
export function campaignTable(counts: readonly CampaignCounts[]): string {
  const lines: string[] = [];
  for (const { runtime, result } of counts) {
    if (result === undefined) {
      lines.push(`${runtime}: no result`);
      continue;
    }
    const { rounds, restarts, breaches } = result;
    lines.push(`${runtime}: ${rounds} rounds, ${restarts} restarts, ${breaches.length} breaches`);
    for (const [fault, endings] of Object.entries(result.faults).sort(([a], [b]) => a < b ? -1 : 1)) {
      const total = Object.values(endings).reduce((sum, count) => sum + count, 0);
      const parts = Object.entries(endings).sort((a, b) => b[1] - a[1]).map(([ending, count]) => `${ending} ${count}`);
      lines.push(`  ${fault.padEnd(18)} ${String(total).padStart(5)}   ${parts.join(", ")}`);
    }
  }
  return lines.join("\n");
}
