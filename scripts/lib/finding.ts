/**
 * What a check found, and how it says so.
 *
 * @module
 */

/** One breach of a rule, at one place. */
export interface Finding {
  /** File, from the root. */
  readonly file: string;
  /** Line, from 1; absent where the whole file is meant. */
  readonly line?: number;
  /** Short name of the rule. */
  readonly rule: string;
  /** What is wrong, and what to do instead. */
  readonly message: string;
}

/** One line per finding, in the form that editors make clickable. */
export function renderFinding({ file, line, rule, message }: Finding): string {
  return `${file}${line === undefined ? "" : `:${line}`}  ${rule}: ${message}`;
}

/** Prints the findings of a check, and gives the exit code. */
export function reportFindings(checked: string, findings: readonly Finding[]): number {
  for (const finding of findings) console.error(renderFinding(finding));
  const count = findings.length;
  console.log(`${checked}: ${count === 0 ? "in order" : `${count} finding${count === 1 ? "" : "s"}`}`);
  return count === 0 ? 0 : 1;
}
