/**
 * A recogniser as a node that listens.
 *
 * @module
 */

import { defineNode, type NodeContext, partial, type Plugin, type TextData } from "../../core/plugin.ts";
import { type AnyRunnerType, fromRunnerError, Runner, toValues } from "../../runners/mod.ts";
import type { ListeningParams } from "./listening_params.ts";
import { isContinued, toSpeechSamples } from "./speech_audio.ts";
import { type Heard, UtteranceListener } from "./utterance_listener.ts";

/**
 * The node type of a runner whose parameters contain `listeningParams`.
 *
 * Takes 16 kHz mono audio. A value is a whole utterance, unless its metadata
 * `utterance: { isLast: false }`, as `vad.silero` gives it in mode
 * `"utterances"`, says that more of it follows, or it is marked as partial.
 *
 * - Port `out`: the text of each utterance, once, with the time of its first
 *   sample.
 * - Port `partials`: what was understood so far, while somebody speaks (each
 *   `partialIntervalMs`), and while an utterance is written down. All are
 *   marked as partial.
 *
 * A flush of the session forgets the utterance under way.
 */
export function listeningNode({ definition }: AnyRunnerType): Plugin["nodes"][number] {
  const { type, summary, params } = definition;
  return defineNode({
    type,
    summary,
    params,
    inputs: { in: ["audio"] },
    outputs: { out: ["text"], partials: ["text"] },
    async create({ params, signal, log }: NodeContext<unknown>) {
      const listening = params as ListeningParams;
      const runner = Runner.ofChecked(definition, params, { signal, log });
      await runner.load();
      const listener = new UtteranceListener(
        (audio, { signal, isEarly }) =>
          runner.run({ inputs: { audio }, streaming: isEarly ? "off" : "auto" }, { signal }),
        listening,
      );
      return {
        async *process(audio, item) {
          const { timestampUs } = audio;
          const { isPartial, signal, attempt } = item;
          const isLast = !isContinued(audio, isPartial);
          const samples = toSpeechSamples(audio, type);
          const heard = listener.hear(samples, { isLast, timestampUs, signal, isRepeated: attempt > 1 });
          yield* toAnswers(heard, listening);
        },
        async *flush() {
          yield* toAnswers(listener.end(signal), listening);
        },
        reset: () => listener.reset(),
        async [Symbol.asyncDispose]() {
          await listener.reset();
          await runner.unload();
        },
      };
    },
  });
}

async function* toAnswers(heard: AsyncIterable<Heard>, { skipEmpty }: ListeningParams) {
  for await (const { result, isFinal, timestampUs } of heard) {
    if (result.error !== undefined) throw fromRunnerError(result.error);
    for (const value of toValues(result, { timestampUs })) {
      const text = value as TextData;
      if (!isFinal) yield partial({ partials: text }, result.progress);
      else if (!skipEmpty || text.text !== "") yield { out: text };
    }
  }
}
