/**
 * `text.template`: inserts values into text.
 *
 * @module
 */

import * as v from "valibot";
import {
  defineNode,
  type JsonData,
  type JsonValue,
  type Plugin,
  RuntimeData,
  StreamrackError,
  type TextData,
} from "../../core/plugin.ts";

const TEMPLATE_MAX_CHARS = 100_000;
/** A backslash in front of braces, a placeholder, or braces that are left open. */
const TOKEN = /\\\{\{|\{\{([^{}]*)\}\}|\{\{/g;

/** Parameters of `text.template`. */
const params = v.object({
  template: v.pipe(
    v.string(),
    v.maxLength(TEMPLATE_MAX_CHARS),
    v.description(
      `Text with placeholders, at most ${TEMPLATE_MAX_CHARS} UTF-16 code units: {{name}}, {{user.name}} and {{items.0}} ` +
        "become fields of the input, {{text}} its text, {{.}} all of it. \\{{ stands for two braces.",
    ),
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed) return;
      const [problem] = parse(dataset.value).filter((part) => part.kind === "bad");
      if (problem !== undefined) addIssue({ message: problem.message });
    }),
  ),
  missing: v.optional(
    v.pipe(
      v.picklist(["error", "empty", "keep"]),
      v.description(
        'What a placeholder without a value becomes: "error" fails the input, "empty" inserts nothing, "keep" leaves ' +
          "the placeholder.",
      ),
    ),
    "error",
  ),
});

/**
 * Fills a template with each input.
 *
 * | placeholder | becomes |
 * |---|---|
 * | `{{name}}`, `{{user.name}}`, `{{items.0}}` | that field of JSON input |
 * | `{{text}}` | the text of text input; of JSON input, its field `text` |
 * | `{{.}}` | the whole input |
 *
 * A string is inserted as it is, any other value as JSON; what was inserted is
 * not looked at again. `\{{` stands for two braces. Only a value's own fields
 * are reached, and nothing is evaluated.
 *
 * @throws {StreamrackError} `invalid-data` for a field that is missing, unless `missing` says otherwise.
 */
export const template: Plugin["nodes"][number] = defineNode({
  type: "text.template",
  summary: "Fills a template such as 'Hello {{name}}' with JSON or text.",
  params,
  inputs: { in: ["json", "text"] },
  outputs: { out: ["text"] },
  create({ params: { template, missing } }) {
    const parts = parse(template);
    return {
      process(data) {
        const text = parts.map((part) => part.kind === "field" ? insert(part, data, missing) : part.text).join("");
        if (data.type === "text") return { ...data, text };
        const { type: _json, value: _value, ...common } = data;
        return RuntimeData.text(text, common);
      },
    };
  },
});

type Field = {
  readonly kind: "field";
  /** The placeholder as it was written. */
  readonly text: string;
  /** Names that lead to the value, from the outside in; none for the whole input. */
  readonly path: readonly string[];
};
type Part =
  | Field
  | { readonly kind: "literal"; readonly text: string }
  | { readonly kind: "bad"; readonly text: string; readonly message: string };

function parse(template: string): Part[] {
  const parts: Part[] = [];
  let end = 0;
  for (const { 0: text, 1: inside, index } of template.matchAll(TOKEN)) {
    parts.push({ kind: "literal", text: template.slice(end, index) }, parseToken(text, inside, index));
    end = index + text.length;
  }
  return [...parts, { kind: "literal", text: template.slice(end) }];
}

function parseToken(text: string, inside: string | undefined, index: number): Part {
  if (text.startsWith("\\")) return { kind: "literal", text: "{{" };
  if (inside === undefined) return { kind: "bad", text, message: `has "{{" without "}}" at character ${index}` };
  const name = inside.trim();
  const path = name === "." ? [] : name.split(".");
  if (path.includes("")) return { kind: "bad", text, message: `has no field name in "${text}" at character ${index}` };
  return { kind: "field", text, path };
}

function insert(field: Field, data: JsonData | TextData, missing: "error" | "empty" | "keep"): string {
  const value = find(field.path, data);
  if (typeof value === "string") return value;
  if (value !== undefined) return JSON.stringify(value);
  if (missing === "error") throw missingField(field, data);
  return missing === "empty" ? "" : field.text;
}

function find(path: readonly string[], data: JsonData | TextData): JsonValue | undefined {
  if (data.type === "text" && path.length === 0) return data.text;
  let value: JsonValue | undefined = data.type === "json" ? data.value : { text: data.text };
  for (const name of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
    // Neither the length of an array nor anything that is inherited is a field of JSON.
    if (Array.isArray(value) && !/^\d+$/.test(name)) return undefined;
    value = (value as { readonly [name: string]: JsonValue })[name];
  }
  return value;
}

function missingField({ text, path }: Field, data: JsonData | TextData): StreamrackError {
  const root: JsonValue = data.type === "json" ? data.value : { text: data.text };
  const isObject = typeof root === "object" && root !== null;
  return new StreamrackError("invalid-data", `the input has nothing for ${text}`, {
    problems: [{
      path: ["value", ...path].join("."),
      message: "is missing",
      received: isObject ? `the fields ${Object.keys(root).join(", ").slice(0, 100)}` : `a ${typeof root}`,
      expected: "a value",
    }],
    remedy: 'Send the field, or set the parameter missing to "empty" or "keep".',
  });
}
