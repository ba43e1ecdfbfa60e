/**
 * A host of two child processes, one that computes for ever and one that waits. It prints their numbers when that is
 * so, and then ends by itself without closing anything, or lives on, as its argument says.
 */

import { createRuntime, RuntimeData } from "../../../mod.ts";
import { chain, testPlugin } from "../runtime.ts";

const runtime = await createRuntime({
  plugins: ["faults", "crash"].map((name) => ({ tier: "process" as const, plugin: testPlugin(name) })),
  onLog: () => {},
});
const pids: number[] = [];
for (const type of ["fault.loop", "crash.at"]) {
  const session = await runtime.open(chain(type));
  await session.send(RuntimeData.text("x"));
  const isThere = async () => {
    const [health] = (await session.metrics()).segments;
    return type === "crash.at" || (health?.stalledMs ?? 0) > 0;
  };
  while (!await isThere()) await new Promise((resolve) => setTimeout(resolve, 50));
  pids.push((await session.metrics()).segments[0]!.threadId);
}
console.log(JSON.stringify(pids));
if (process.argv[2] === "exit") process.exit(0);
setInterval(() => {}, 1_000);
