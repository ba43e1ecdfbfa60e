/**
 * The manifest: the document that declares nodes and connections, in the
 * RemoteMedia v1 form with a few additions of ours. Keys that the schema does
 * not name are ignored, so that manifests made for other tools load.
 *
 * @module
 */

import * as v from "valibot";
import { checkJson } from "../data/check_json.ts";
import { displayValue, type Problem, StreamrackError } from "../errors.ts";
import type { JsonValue } from "../data/types.ts";
import type { WhenFull } from "../flow/item.ts";

/** The only version of the manifest form. */
export const MANIFEST_VERSION = "v1";

const text = (description: string) => v.pipe(v.string(), v.description(description));
const name = (description: string) => v.pipe(v.string(), v.minLength(1, "is empty"), v.description(description));

const wholeNumber = (min: number, max: number, description: string) =>
  v.pipe(
    v.number(),
    v.integer("is not a whole number"),
    v.minValue(min, `is less than ${min}`),
    v.maxValue(max, `is more than ${max}`),
    v.description(description),
  );

const NodeSchema = v.object({
  id: name("Name of the node in this manifest. Unique."),
  node_type: name('Registered name or alias of a node type, such as "audio.gain".'),
  params: v.optional(
    v.pipe(v.unknown(), v.description("Parameters, as the node type defines them. Absent or null: none.")),
  ),
  is_output_node: v.optional(
    v.pipe(
      v.boolean(),
      v.description("Also give the outputs of this node to the session, although other nodes read them."),
    ),
    false,
  ),
  is_streaming: v.optional(v.pipe(v.boolean(), v.description("Accepted and ignored: every node streams."))),
  segment: v.optional(
    name(
      "Nodes that name the same segment run in one task of one thread. They must be of one group. Default: adjacent nodes of one group do.",
    ),
  ),
  fuse: v.optional(
    v.pipe(v.boolean(), v.description("false: this node runs in a task of its own. Default: true.")),
  ),
  deadline_ms: v.optional(
    wholeNumber(1, 86_400_000, "How long the node may take for one input, in milliseconds. Default: for ever."),
  ),
  on_error: v.optional(
    v.pipe(
      v.picklist(["fail", "skip"]),
      v.description(
        "What follows when an input has failed for good: the session fails (the default), or the input is left out.",
      ),
    ),
  ),
  retry: v.optional(
    v.pipe(
      v.object({
        max_attempts: wholeNumber(1, 1_000, "Attempts in all."),
        initial_delay_ms: v.optional(
          wholeNumber(
            0,
            3_600_000,
            "Before the second attempt, in milliseconds; it doubles with every further one. Default: 100.",
          ),
        ),
        max_delay_ms: v.optional(wholeNumber(0, 3_600_000, "Longest delay, in milliseconds. Default: 5000.")),
      }),
      v.description("Whether an input that failed is tried again. Default: it is not."),
    ),
  ),
});

const ConnectionSchema = v.object({
  from: name("Id of the node that gives."),
  to: name("Id of the node that receives."),
  from_port: v.optional(text('Output port. May be left out if the node has one, or one named "out".')),
  to_port: v.optional(text('Input port. May be left out if the node has one, or one named "in".')),
  max_items: v.optional(
    wholeNumber(1, 65_536, "Most values in flight on this connection. Default: that of the session, 16."),
  ),
  when_full: v.optional(
    v.pipe(
      v.picklist(["block", "drop-oldest", "drop-newest"]),
      v.description(
        "What happens to a value for which there is no room: its sender waits, or the oldest that waits or this newest is dropped. Default: block.",
      ),
    ),
  ),
});

/** Keys that RemoteMedia knows and we ignore. */
const OTHERS_NODE_KEYS = [
  ...["capabilities", "execution", "fast_path", "host", "media_capabilities", "python_deps", "runtime_hint"],
];
/** Keys of a node that say something to us or to RemoteMedia. */
export const NODE_KEYS: readonly string[] = [...Object.keys(NodeSchema.entries), ...OTHERS_NODE_KEYS];
/** Keys of a connection. */
export const CONNECTION_KEYS: readonly string[] = Object.keys(ConnectionSchema.entries);

/** The schema of a manifest. `schemas/manifest.schema.json` is made from it. */
export const ManifestSchema: v.GenericSchema<unknown, Manifest> = v.object({
  version: v.pipe(v.literal(MANIFEST_VERSION), v.description('Version of the form: "v1".')),
  metadata: v.optional(
    v.object({
      name: v.optional(text("Name of the pipeline."), ""),
      // Other tools write null for what is absent.
      description: v.nullish(text("What the pipeline is for.")),
      created_at: v.nullish(text("When it was made, in ISO 8601.")),
    }),
    {},
  ),
  nodes: v.pipe(v.array(NodeSchema), v.minLength(1, "is empty"), v.description("The nodes, in any order.")),
  connections: v.optional(v.pipe(v.array(ConnectionSchema), v.description("The edges between them.")), []),
}) as v.GenericSchema<unknown, Manifest>;

/** One node of a manifest. */
export interface ManifestNode {
  readonly id: string;
  readonly node_type: string;
  readonly params?: JsonValue | undefined;
  readonly is_output_node?: boolean | undefined;
  readonly is_streaming?: boolean | undefined;
  /** Nodes that name the same segment run in one task of one thread. Default: adjacent nodes of one group do. */
  readonly segment?: string | undefined;
  /** `false`: this node runs in a task of its own. Default: true. */
  readonly fuse?: boolean | undefined;
  /** How long the node may take for one input, in milliseconds, from 1. Default: for ever. */
  readonly deadline_ms?: number | undefined;
  /** What follows when an input has failed for good. Default: `"fail"`, the session fails. */
  readonly on_error?: "fail" | "skip" | undefined;
  /** Whether an input that failed is tried again. Default: it is not. */
  readonly retry?: ManifestRetry | undefined;
}

/** When a failed input is tried again. */
export interface ManifestRetry {
  /** Attempts in all, from 1. */
  readonly max_attempts: number;
  /** Before the second attempt, in milliseconds; it doubles with every further one. Default: 100. */
  readonly initial_delay_ms?: number | undefined;
  /** Longest delay, in milliseconds. Default: 5 000. */
  readonly max_delay_ms?: number | undefined;
}

/** One connection of a manifest. */
export interface ManifestConnection {
  readonly from: string;
  readonly to: string;
  readonly from_port?: string | undefined;
  readonly to_port?: string | undefined;
  /** Most values in flight on this connection, from 1. Default: that of the session. */
  readonly max_items?: number | undefined;
  /** What happens to a value for which there is no room. Default: `"block"`, its sender waits. */
  readonly when_full?: WhenFull | undefined;
}

/** A manifest, as an application writes it. */
export interface Manifest {
  readonly version: "v1";
  readonly metadata?:
    | {
      readonly name?: string | undefined;
      readonly description?: string | null | undefined;
      readonly created_at?: string | null | undefined;
    }
    | undefined;
  readonly nodes: readonly ManifestNode[];
  readonly connections?: readonly ManifestConnection[] | undefined;
}

/** A manifest with the right form, or all that is wrong with its form. */
export type ManifestResult =
  | { readonly manifest: Manifest; readonly problems: readonly [] }
  | { readonly manifest: undefined; readonly problems: readonly Problem[] };

/** Checks the form of a manifest; what the names in it mean is checked by {@linkcode createPlan}. */
export function checkManifest(value: unknown): ManifestResult {
  const result = v.safeParse(ManifestSchema, value);
  const problems = result.success ? result.output.nodes.flatMap(checkParams) : result.issues.map(toProblem);
  if (result.success && problems.length === 0) return { manifest: result.output, problems: [] };
  return { manifest: undefined, problems };
}

/** Parameters travel to a worker and into files, so they must be JSON. */
function checkParams({ params }: ManifestNode, index: number): readonly Problem[] {
  if (params === undefined) return [];
  try {
    checkJson(params, `nodes[${index}].params`);
    return [];
  } catch (thrown) {
    return StreamrackError.from(thrown).problems;
  }
}

function toProblem(issue: v.BaseIssue<unknown>): Problem {
  const path = (issue.path ?? []).map(({ key }) => typeof key === "number" ? `[${key}]` : `.${String(key)}`).join("");
  const isOurText = !issue.message.startsWith("Invalid");
  const isMissing = issue.input === undefined;
  const expected = issue.expected === null ? undefined : inWords(issue.expected);
  return {
    path: path.replace(/^\./, "") || "manifest",
    message: isOurText ? issue.message : isMissing ? "is missing" : "is not right",
    ...(isMissing ? {} : { received: displayValue(issue.input) }),
    ...(expected === undefined ? {} : { expected }),
  };
}

/** What valibot says is expected: a type, a bound, or a choice such as `("a" | "b")`. */
function inWords(expected: string): string {
  const [, sign, limit] = /^([<>])=(.*)$/.exec(expected) ?? [];
  if (sign !== undefined) return `${sign === ">" ? "at least" : "at most"} ${limit}`;
  return EXPECTED.get(expected) ?? expected.replace(/^\((.*)\)$/, "$1").replaceAll(" | ", " or ");
}

/** Types in words. For a key that is missing valibot names the key. */
const EXPECTED: ReadonlyMap<string, string> = new Map([
  ["Object", "an object"],
  ["Array", "an array"],
  ["string", "a string"],
  ["number", "a number"],
  ["boolean", "true or false"],
  ['"version"', `"${MANIFEST_VERSION}"`],
  ['"nodes"', "an array of nodes"],
  ['"max_attempts"', "a number"],
  ...["id", "node_type", "from", "to"].map((key) => [`"${key}"`, "a string"] as const),
]);
