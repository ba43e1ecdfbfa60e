/** What the tests of speech need to be installed. */

import { pocketSphinx } from "../../plugins/asr/engines/pocketsphinx.ts";
import { findProgram } from "../../plugins/asr/program/find_program.ts";

const found = await findProgram(pocketSphinx({})).then(() => undefined, (error: Error) => error.message);

/** For the options of a test: `false`, or why PocketSphinx cannot be used. */
export const withoutPocketSphinx: string | false = found ?? false;
if (found !== undefined) console.log(`tests of PocketSphinx are skipped: ${found}`);

/** Processes below this one that run a command, by what their command lines contain. Linux only. */
export async function processesWith(text: string): Promise<number[]> {
  const { readdir, readFile } = await import("node:fs/promises");
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const lines = await Promise.all(pids.map(async (pid) => {
    const line = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    return line.includes(text) ? [pid] : [];
  }));
  return lines.flat();
}
