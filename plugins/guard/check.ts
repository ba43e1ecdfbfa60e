/**
 * `guard.check`: judges a text, step by step.
 *
 * @module
 */

import * as v from "valibot";
import type { JsonValue } from "../../core/plugin.ts";
import { type AnyRunnerType, defineRunner, runnerError } from "../../runners/mod.ts";
import { type Finding, riskScore } from "./finding.ts";
import { decide, guardParams, runCheck } from "./judge.ts";

/**
 * Judges a text by one check after the other: its length, attempts at prompt
 * injection, personal data, toxicity.
 *
 * Each check gives a partial result `{ check, findings, riskScore,
 * completedChecks, totalChecks }` with progress; the final one is `{ status:
 * "safe" | "blocked" | "warned" | "filtered", riskScore, findings, text }`,
 * where `text` is what may go on. A finding is `{ check, kind, start, end,
 * severity }`, with places in UTF-16 code units. What was found is not
 * quoted: it may be what nobody should read.
 */
export const check: AnyRunnerType = defineRunner({
  type: "guard.check",
  summary: "Judges text: toxicity, personal data, prompt injection, length; gives a risk score.",
  vendor: "streamrack",
  capabilities: ["guardian"],
  streaming: true,
  params: v.object(guardParams),
  outputs: ["json"],
  async *run({ inputs: { text } }, { params, signal }) {
    if (text === undefined) throw runnerError("E400", "a guardian takes text");
    const findings: Finding[] = [];
    for (const [i, name] of params.checks.entries()) {
      // A long text takes its time: a cancel gets a word in between.
      await new Promise((resolve) => setTimeout(resolve, 0));
      signal.throwIfAborted();
      const found = runCheck(name, text, params);
      findings.push(...found);
      const counts = { completedChecks: i + 1, totalChecks: params.checks.length };
      const json = { check: name, findings: found, riskScore: riskScore(findings), ...counts };
      yield {
        outputs: { json: json as unknown as JsonValue },
        progress: { progressPercent: 100 * (i + 1) / params.checks.length },
      };
    }
    return { outputs: { json: decide(text, findings, params) as unknown as JsonValue } };
  },
});
