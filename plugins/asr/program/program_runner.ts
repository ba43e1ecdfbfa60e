/**
 * What is common to the runners that use a program.
 *
 * @module
 */

import * as v from "valibot";
import { defineRunner, type RunnerType, type SchemaValue } from "../../../runners/mod.ts";
import { listeningParams } from "../listening_params.ts";
import { transcribeInChunks } from "../transcribe_in_chunks.ts";
import { findProgram } from "./find_program.ts";
import type { SpeechProgram } from "./program.ts";
import { Recognizer } from "./recognizer.ts";

const PATH_MAX_CHARS = 4096;

/** Schema of a path in the parameters. */
export const pathParam = (description: string) =>
  v.pipe(v.string(), v.minLength(1), v.maxLength(PATH_MAX_CHARS), v.description(description));

/** Parameters of all of them, to be spread into their own. */
export const programParams = {
  ...listeningParams({ partialIntervalMs: 1000 }),
  chunkMs: v.optional(
    v.pipe(
      v.number(),
      v.minValue(1000),
      v.maxValue(600_000),
      v.description(
        "Longer audio is given to the program in parts, cut where it is quiet, in milliseconds, from 1000.",
      ),
    ),
    30_000,
  ),
  wordByWord: v.optional(v.pipe(v.boolean(), v.description("Whether each word is a partial result.")), false),
};

type ProgramParams = v.InferOutput<ReturnType<typeof objectOfProgramParams>>;
const objectOfProgramParams = () => v.object(programParams);

/** What one of them differs in. */
export interface ProgramRunnerOptions<S extends v.GenericSchema<unknown, ProgramParams>> {
  readonly type: string;
  readonly summary: string;
  readonly vendor: string;
  readonly params: S;
  program(params: SchemaValue<S>): SpeechProgram;
}

/**
 * Declares a runner that has a program do the work. Its model is a spare
 * process that has read its files already: all sessions of a thread share it,
 * and it ends with the last of them.
 */
export function defineProgramRunner<S extends v.GenericSchema<unknown, ProgramParams>>(
  { program, ...options }: ProgramRunnerOptions<S>,
): RunnerType<S, Recognizer> {
  return defineRunner<S, Recognizer>({
    ...options,
    capabilities: ["asr"],
    streaming: true,
    modelId: (params) => program(params).modelId,
    // Runs with other arguments cannot stand in for each other.
    modelVariant: (params) => [...program(params).args],
    unavailable: (params) => findProgram(program(params)).then(() => undefined, (error) => error),
    load: ({ params }) => Recognizer.load(program(params)),
    unload: (recognizer) => recognizer[Symbol.asyncDispose](),
    run: ({ inputs: { audio } }, { model, params, signal }) =>
      transcribeInChunks(audio, { recognizer: model, nodeType: options.type, signal, ...params as ProgramParams }),
  });
}
