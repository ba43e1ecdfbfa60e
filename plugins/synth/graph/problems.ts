import * as v from "valibot";
import { type Problem, StreamrackError } from "../../../core/plugin.ts";

/** Checks a value against a schema; every problem has its path below `root`. */
export function parse<T>(schema: v.GenericSchema<unknown, T>, value: unknown, root: string): T {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const problems = result.issues.flatMap((issue) => issueProblems(issue, root));
  throw invalid(`${root} is not right`, problems);
}

function issueProblems(issue: v.BaseIssue<unknown>, root: string): Problem[] {
  const path = (issue.path ?? []).reduce(
    (text, { key }) =>
      typeof key === "number" ? `${text}[${key}]` : text === "" ? `${String(key)}` : `${text}.${String(key)}`,
    root,
  );
  const { message, received, expected } = issue;
  if (expected === "never") return [{ path, message: "is not known here", received }];
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
