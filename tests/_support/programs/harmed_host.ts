/**
 * Runs a plugin that does harm to its process: a node type of `attacks`, in a tier, held or free. Says what it was told
 * of that, asks itself to end where the last argument is there, and says whether it goes on.
 */

import process from "node:process";
import { createRuntime, RuntimeData, StreamrackError } from "../../../mod.ts";
import { chain, testPlugin } from "../runtime.ts";

const [type, tier, how, signal] = process.argv.slice(2) as [string, "worker" | "process", string, NodeJS.Signals?];
const grants = how === "held" ? {} : true;
const runtime = await createRuntime({ plugins: [{ plugin: testPlugin("attacks"), tier, grants }] });
try {
  const { outputs } = await runtime.execute(chain(type), { n0: RuntimeData.text("go") });
  console.log(RuntimeData.asText(outputs["n0"]![0]!));
} catch (thrown) {
  console.log(StreamrackError.from(thrown).reason);
}
// Where nobody listens for it, it ends this process before it returns.
if (signal !== undefined) process.kill(process.pid, signal);
await runtime.close();
console.log("the host goes on");
