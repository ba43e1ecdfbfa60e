/**
 * `guard.text`: a gate for text that streams.
 *
 * @module
 */

import * as v from "valibot";
import {
  type DataCommon,
  defineNode,
  type JsonData,
  type JsonValue,
  partial,
  type Plugin,
  RuntimeData,
  type TextData,
} from "../../core/plugin.ts";
import { guardParams } from "./judge.ts";
import { type Passed, StreamGuard } from "./stream_guard.ts";

const REPLACEMENT_MAX_CHARS = 10_000;

/** Parameters of `guard.text`. */
const params = v.object({
  ...guardParams,
  checkpoint: v.optional(
    v.pipe(
      v.picklist(["input", "output"]),
      v.description("Where the node stands, for its events: before a model, or behind it."),
    ),
    "output",
  ),
  windowWords: v.optional(
    v.pipe(
      v.number(),
      v.integer(),
      v.minValue(1),
      v.maxValue(100),
      v.description("Words that are held back until what follows is known, 1 to 100."),
    ),
    8,
  ),
  replacement: v.optional(
    v.pipe(
      v.string(),
      v.maxLength(REPLACEMENT_MAX_CHARS),
      v.description(`What is said in place of a text that is blocked, at most ${REPLACEMENT_MAX_CHARS} characters.`),
    ),
    "",
  ),
});

type Answer = { readonly out?: TextData; readonly events?: JsonData };

/**
 * Lets text pass while it comes, but for the last words, which wait for what
 * follows. How the text was cut into pieces changes nothing but the pieces.
 *
 * A text ends with its final piece (one that is not partial); the next one is
 * judged by itself. What is unsafe is blocked from there on, filtered, or
 * goes on with the metadata `guard: "warned"`. Whatever is found is told on
 * `events`: `{ checkpoint, status, riskScore, findings }`.
 */
export const text: Plugin["nodes"][number] = defineNode({
  type: "guard.text",
  summary: "Lets safe text pass while it streams; blocks, filters or marks the rest.",
  params,
  inputs: { in: ["text"] },
  outputs: { out: ["text"], events: ["json"] },
  create({ params }) {
    const { checkpoint, strategy, replacement } = params;
    let guard = new StreamGuard(params);
    let hasReplaced = false;
    const begin = () => {
      guard = new StreamGuard(params);
      hasReplaced = false;
    };

    const statusOf = ({ isUnsafe }: Passed) =>
      !isUnsafe ? "safe" : strategy === "block" ? "blocked" : strategy === "warn" ? "warned" : "filtered";
    function textOf(passed: Passed): string {
      if (!passed.isUnsafe || strategy !== "block" || hasReplaced) return passed.text;
      hasReplaced = true;
      return replacement;
    }
    function* give(passed: Passed, fields: DataCommon): Generator<Answer> {
      const status = statusOf(passed);
      if (passed.findings.length > 0) {
        const event = { checkpoint, status, riskScore: guard.riskScore, findings: passed.findings };
        yield { events: RuntimeData.json(event as unknown as JsonValue, { timestampUs: fields.timestampUs }) };
      }
      const text = textOf(passed);
      const metadata = status === "safe" ? fields.metadata : { ...fields.metadata, guard: status };
      yield { out: RuntimeData.text(text, { ...fields, metadata }) };
    }
    return {
      *process(data, item) {
        const { type: _type, text, ...fields } = data;
        const passed = guard.push(text);
        if (item.isPartial) {
          // Nothing goes on yet: an empty piece would only be noise.
          for (const answer of give(passed, fields)) if (answer.out?.text !== "") yield partial(answer);
          return;
        }
        const rest = guard.end();
        const whole = { ...rest, text: passed.text + rest.text, findings: [...passed.findings, ...rest.findings] };
        yield* give(whole, fields);
        begin();
      },
      *flush() {
        // The last text was cut off in the middle.
        const rest = guard.end();
        if (rest.text !== "" || rest.findings.length > 0) yield* give(rest, {});
        begin();
      },
      reset: begin,
    };
  },
});
