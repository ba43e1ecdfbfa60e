/** What the tests of speech need to be installed. */

import { pocketSphinx } from "../../plugins/asr/engines/pocketsphinx.ts";
import { findProgram } from "../../plugins/asr/program/find_program.ts";

const found = await findProgram(pocketSphinx({})).catch((error: Error) => error);

/** Where PocketSphinx is, if it is there. */
export const pocketSphinxPath: string | undefined = typeof found === "string" ? found : undefined;
/** For the options of a test: `false`, or why PocketSphinx cannot be used. */
export const withoutPocketSphinx: string | false = typeof found === "string" ? false : found.message;
if (withoutPocketSphinx !== false) console.log(`tests of PocketSphinx are skipped: ${withoutPocketSphinx}`);

/** Processes by what their command lines contain. Linux only. */
export async function processesWith(text: string): Promise<number[]> {
  const { readdir, readFile } = await import("node:fs/promises");
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const lines = await Promise.all(pids.map(async (pid) => {
    const line = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    return line.includes(text) ? [pid] : [];
  }));
  return lines.flat();
}
