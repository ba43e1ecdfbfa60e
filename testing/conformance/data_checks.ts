/**
 * Checks of what a node takes and gives.
 *
 * @module
 */

import { RuntimeData } from "../../core/data/runtime_data.ts";
import type { DataKind } from "../../core/data/types.ts";
import { StreamrackError } from "../../core/errors.ts";
import type { NodeRun } from "../run_node.ts";
import { asRefusal, fingerprint, groupByKind, takenSources } from "./runs.ts";
import { fail, FAULT, type Subject } from "./subject.ts";
import { checkDisposed, watch } from "./watched.ts";

export async function checkInputs(subject: Subject): Promise<void> {
  for (const port of subject.ports) {
    const byKind = groupByKind(subject.samples(port));
    const given = subject.options.samples?.[port] !== undefined;
    const refusals: StreamrackError[] = [];
    for (const [kind, values] of given ? [[undefined, subject.samples(port)] as const] : byKind) {
      const watched = watch(subject.definition);
      const sources = subject.sources((other) => other === port ? values : subject.samples(other));
      const refusal = await subject.run(sources, { definition: watched.definition }).then(() => undefined, asRefusal);
      checkDisposed(watched);
      if (refusal === undefined) continue;
      if (given) throw refusal;
      refusals.push(refusal);
      if (!watched.refused) failWith(kind, refusal);
    }
    if (refusals.length > 0 && refusals.length === byKind.size) {
      const remedy = `Give values that it takes in options.nodes["${subject.definition.type}"].samples["${port}"].`;
      throw new StreamrackError("node-failed", `port "${port}" took none of the sample values`, {
        cause: refusals[0],
        remedy,
      });
    }
  }
}

function failWith(kind: DataKind | undefined, cause: StreamrackError): never {
  throw new StreamrackError("node-failed", `${FAULT} a sample of kind ${kind} made it fail: ${cause.message}`, {
    cause,
    remedy: 'Take it, or refuse it with a StreamrackError of code "invalid-argument".',
  });
}

export async function checkRepeatable(subject: Subject): Promise<void> {
  if (subject.options.deterministic === false) return;
  const runs: string[] = [];
  for (const strict of [true, true, false]) {
    const sources = await takenSources(subject);
    runs.push(fingerprint(await subject.run(sources, { strict })));
  }
  if (runs[0] !== runs[1]) {
    fail("the same inputs gave other outputs the second time", [], "Set deterministic: false if that is meant.");
  }
  if (runs[0] !== runs[2]) {
    fail("its outputs differ when each is taken away as soon as it is yielded: it uses values that it gave away");
  }
}

export async function checkChunks(subject: Subject): Promise<void> {
  const [port] = subject.ports;
  if (subject.options.chunkInvariant !== true || port === undefined) return;
  const audio = subject.samples(port).filter(RuntimeData.isAudio);
  if (audio.length === 0) fail("chunkInvariant is set, but its first port has no samples of audio");
  const whole = await subject.run([{ port, data: audio }]);
  for (const frames of [1, 64, 1000]) {
    const cut = audio.flatMap((chunk) => [...cutAudio(chunk, frames)]);
    const run = await subject.run([{ port, data: cut }]);
    if (audioText(run) !== audioText(whole)) {
      fail(`chunks of ${frames} frames gave other samples than chunks of ${frameText(audio)}`);
    }
  }
}

function* cutAudio(chunk: ReturnType<typeof RuntimeData.asAudio>, frames: number): Generator<RuntimeData> {
  const step = frames * chunk.channels;
  for (let at = 0; at < chunk.samples.length; at += step) {
    const samples = chunk.samples.slice(at, at + step);
    const timestampUs = chunk.timestampUs === undefined
      ? undefined
      : chunk.timestampUs + at / chunk.channels / chunk.sampleRate * 1e6;
    yield { ...chunk, samples, timestampUs } as RuntimeData;
  }
}

function frameText(audio: readonly ReturnType<typeof RuntimeData.asAudio>[]): string {
  return [...new Set(audio.map(({ samples, channels }) => samples.length / channels))].join(", ");
}

/** All samples of a run, as text to compare. */
function audioText({ outputs }: NodeRun): string {
  return Object.entries(outputs).map(([port, values]) => {
    return `${port}: ${values.filter(RuntimeData.isAudio).flatMap(({ samples }) => [...samples]).join()}`;
  }).join("\n");
}
