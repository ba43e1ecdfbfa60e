/**
 * A host of two child processes, one that computes for ever and one that waits. It prints their numbers when that is
 * so, and then ends by itself without closing anything, or lives on, as its argument says.
 */

import { createRuntime, type LogEntry, RuntimeData } from "../../../mod.ts";
import { LogBook } from "../log_book.ts";
import { chain, testPlugin } from "../runtime.ts";

// Nothing else keeps it alive for sure while it waits.
setInterval(() => {}, 1_000);
const log = new LogBook<LogEntry>();
const runtime = await createRuntime({
  plugins: ["faults", "crash"].map((name) => ({ tier: "process" as const, plugin: testPlugin(name) })),
  onLog: log.onLog,
  stallAfterMs: 1_000,
});
const pids: number[] = [];
for (const type of ["fault.loop", "crash.at"]) {
  const session = await runtime.open(chain(type));
  await session.send(RuntimeData.text("x"));
  if (type === "fault.loop") await log.until(({ message }) => /blocked its thread/.test(message));
  pids.push((await session.metrics()).segments[0]!.threadId);
}
console.log(JSON.stringify(pids));
if (process.argv[2] === "exit") process.exit(0);
