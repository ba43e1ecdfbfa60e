/** Runs a plugin that aborts its process, in the tier of the first argument, and says what it was told of that. */

import process from "node:process";
import { createRuntime, RuntimeData, StreamrackError } from "../../../mod.ts";
import { chain, testPlugin } from "../runtime.ts";

const tier = process.argv[2] as "worker" | "process";
const grants = process.argv[3] === "held" ? {} : true;
const runtime = await createRuntime({ plugins: [{ plugin: testPlugin("attacks"), tier, grants }] });
try {
  const { outputs } = await runtime.execute(chain("attacks.abort"), { n0: RuntimeData.text("go") });
  console.log(RuntimeData.asText(outputs["n0"]![0]!));
} catch (thrown) {
  console.log(StreamrackError.from(thrown).reason);
}
await runtime.close();
console.log("the host goes on");
