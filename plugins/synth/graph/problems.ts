import * as v from "valibot";
import { type Problem, StreamrackError } from "../../../core/plugin.ts";

/** Checks a value against a schema; every problem has its path below `root`. */
export function parse<T>(schema: v.GenericSchema<unknown, T>, value: unknown, root: string): T {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const problems = result.issues.flatMap((issue) => issueProblems(issue, schema, root));
  throw invalid(`${root} is not right`, problems);
}

/** As much of a schema as it takes to find the part that a path leads to. */
interface SchemaPart {
  readonly entries?: { readonly [key: string]: SchemaPart };
  readonly item?: SchemaPart;
  readonly wrapped?: SchemaPart;
  readonly key?: string;
  readonly options?: readonly SchemaPart[];
  readonly literal?: unknown;
}

/** The names that an object may have at the end of a path; none where the schema does not say. */
function knownNames(schema: SchemaPart, path: readonly v.IssuePathItem[]): string[] {
  let part: SchemaPart | undefined = schema;
  for (let depth = 0; part !== undefined; depth++) {
    while (part?.wrapped !== undefined) part = part.wrapped;
    const item: v.IssuePathItem | undefined = path[depth];
    if (part?.options !== undefined && part.key !== undefined) {
      const { key, options }: SchemaPart = part;
      const chosen = (item?.input as { readonly [key: string]: unknown } | undefined)?.[key as string];
      part = options.find(({ entries }) => entries?.[key as string]?.literal === chosen);
    }
    if (part === undefined || item === undefined || depth === path.length - 1) break;
    part = part.item ?? part.entries?.[String(item.key)];
  }
  return Object.keys(part?.entries ?? {}).filter((name) => name !== "$schema");
}

function issueProblems(issue: v.BaseIssue<unknown>, schema: unknown, root: string): Problem[] {
  const path = (issue.path ?? []).reduce(
    (text, { key }) =>
      typeof key === "number" ? `${text}[${key}]` : text === "" ? `${String(key)}` : `${text}.${String(key)}`,
    root,
  );
  const { message, received, expected } = issue;
  if (expected === "never") {
    const names = knownNames(schema as SchemaPart, issue.path ?? []);
    const one = names.length === 0 ? "nothing" : names.join(", ");
    return [{ path, message: "is not known here", received, expected: one }];
  }
  // Texts of the library say again what stands in the other fields.
  return [{
    path,
    message: expected !== null && message.startsWith("Invalid ") ? "does not fit" : message,
    received,
    ...(expected === null ? {} : { expected }),
  }];
}

/** An error for data that was given and is wrong. */
export function invalid(detail: string, problems: readonly Problem[], remedy?: string): StreamrackError {
  return new StreamrackError("invalid-data", detail, { problems, remedy });
}
