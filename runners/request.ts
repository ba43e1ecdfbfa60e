/**
 * From values of a pipeline to requests, and from results to values.
 *
 * @module
 */

import * as v from "valibot";
import {
  type DataCommon,
  type JsonValue,
  type Metadata,
  type Problem,
  RuntimeData,
  type StandardSchema,
} from "../core/plugin.ts";
import { runnerError } from "./errors.ts";
import type { ImageInput, InferenceInputs, InferenceParams, InferenceRequest, InferenceResult } from "./types.ts";

/** The form of a request in JSON. Images stand in base64. */
const requestJson = v.object({
  sessionId: v.optional(v.string()),
  inputs: v.object({
    text: v.optional(v.string()),
    image: v.optional(v.object({ base64: v.string(), mimeType: v.optional(v.string()) })),
  }),
  params: v.optional(v.record(v.string(), v.unknown())),
  streaming: v.optional(v.picklist(["auto", "required", "off"])),
});

/**
 * Makes a request of a value: text, audio and images are its input; JSON is
 * the request itself, `{ inputs: { text?, image?: { base64, mimeType? } },
 * params?, sessionId?, streaming? }`. An image takes its question from the
 * metadata field `prompt`.
 *
 * @throws {StreamrackError} `invalid-data` (E400).
 */
export function toRequest(data: RuntimeData): InferenceRequest {
  const { timestampUs } = data;
  const ask = (inputs: InferenceInputs): InferenceRequest => ({ inputs, timestampUs });
  switch (data.type) {
    case "text":
      return ask({ text: data.text });
    case "audio":
      return ask({ audio: data });
    case "binary":
    case "video":
      return ask({ image: data, text: promptOf(data) });
    case "json": {
      const parsed = v.safeParse(requestJson, data.value);
      if (!parsed.success) throw notARequest(parsed.issues.map((issue) => toProblem(issue, "value")));
      const { inputs: { text, image }, params, ...rest } = parsed.output;
      return {
        ...rest,
        inputs: { text, ...image === undefined ? {} : { image: decodeImage(image) } },
        params: params as InferenceParams | undefined,
        timestampUs,
      };
    }
    default:
      throw notARequest([{ path: "data.type", message: "is no request", received: data.type }]);
  }
}

function promptOf({ metadata }: ImageInput): string | undefined {
  const prompt = metadata?.["prompt"];
  return typeof prompt === "string" ? prompt : undefined;
}

function decodeImage({ base64, mimeType }: { base64: string; mimeType?: string | undefined }): ImageInput {
  try {
    return RuntimeData.binary(Uint8Array.from(atob(base64), (char) => char.charCodeAt(0)), { mimeType });
  } catch {
    const [path, expected] = ["value.inputs.image.base64", "base64"];
    throw notARequest([{ path, message: "cannot be decoded", expected }]);
  }
}

function notARequest(problems: readonly Problem[]): Error {
  return runnerError("E400", "this is not a request", { problems });
}

function toProblem(
  issue: { readonly message: string; readonly path?: readonly { readonly key?: unknown }[] | undefined },
  root: string,
): Problem {
  const path = [root, ...(issue.path ?? []).map(({ key }) => String(key))].join(".");
  return { path, message: issue.message };
}

/**
 * Parameters of a node with those of a request above them, checked anew.
 *
 * @throws {StreamrackError} `invalid-data` (E400) with every problem.
 */
export async function mergeParams<P>(
  schema: StandardSchema<unknown, P>,
  given: P,
  own: InferenceParams | undefined,
): Promise<P> {
  if (own === undefined) return given;
  const set = Object.entries(own).filter(([, value]) => value !== undefined);
  if (set.length === 0) return given;
  const result = await schema["~standard"].validate({ ...given, ...Object.fromEntries(set) });
  if (result.issues === undefined) return result.value;
  const problems = result.issues.map((issue) => {
    const keys = (issue.path ?? []).map((part) => ({ key: typeof part === "object" ? part.key : part }));
    return toProblem({ message: issue.message, path: keys }, "params");
  });
  throw runnerError("E400", "the parameters of the request are not right", { problems });
}

/** The values of a result, in the order text, audio, JSON. Each carries all metadata. */
export function toValues(
  { outputs, metadata }: InferenceResult,
  origin: DataCommon,
): (RuntimeData & { type: "text" | "audio" | "json" })[] {
  const timestampUs = origin.timestampUs;
  const fields = { timestampUs, metadata: { ...origin.metadata, ...metadata } as Metadata };
  const values: (RuntimeData & { type: "text" | "audio" | "json" })[] = [];
  if (outputs.text !== undefined) values.push(RuntimeData.text(outputs.text, fields));
  if (outputs.audio !== undefined) {
    // Sound has a time of its own, where its runner says so.
    values.push({ ...outputs.audio, ...fields, timestampUs: outputs.audio.timestampUs ?? timestampUs });
  }
  if (outputs.json !== undefined) values.push(RuntimeData.json(outputs.json as JsonValue, fields));
  return values;
}
