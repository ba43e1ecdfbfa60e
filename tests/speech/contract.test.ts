import { after, describe, it } from "node:test";
import { runnerConformanceTests } from "../../testing/mod.ts";
import { startSpeechServices } from "./_conformance.ts";

const speech = await startSpeechServices();
after(() => speech.stop());

for (const [type, options] of speech.runners) {
  describe(type.definition.type, () => {
    for (const { name, run } of runnerConformanceTests(type, options)) it(name, run);
  });
}
