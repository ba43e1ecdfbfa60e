/**
 * Finds programs and their files, before one is started in vain.
 *
 * @module
 */

import type { Stats } from "node:fs";
import { stat } from "node:fs/promises";
import { delimiter, isAbsolute, join, sep } from "node:path";
import process from "node:process";
import { readEnv, runnerError } from "../../../runners/mod.ts";
import type { SpeechProgram } from "./program.ts";
import { isDenied, notInstalled, notPermitted } from "./program_errors.ts";

/**
 * The path of a program whose model is there as well.
 *
 * @throws {StreamrackError} `service-unavailable` (E501) without the program, `model-load-failed` (E502) without its
 * model, `unauthenticated` (E401) where one may not look for them.
 */
export async function findProgram(program: SpeechProgram): Promise<string> {
  const path = await firstOf(candidates(program.names), isProgram);
  if (path === undefined) {
    throw notInstalled(program, `there is no ${program.names.map((name) => `"${name}"`).join(" or ")}`);
  }
  for (const modelPath of program.modelPaths) {
    if (await firstOf([modelPath], () => true) !== undefined) continue;
    throw runnerError("E502", `the model of ${program.title} is not there`, {
      problems: [{ path: "modelPath", message: "is not there", received: modelPath }],
      remedy: program.howToGetModel,
    });
  }
  return path;
}

/** `access` would tell exactly, but on Deno it ends a thread that may not ask who its user is. */
function isProgram(found: Stats): boolean {
  return found.isFile() && (process.platform === "win32" || (found.mode & 0o111) !== 0);
}

async function firstOf(paths: readonly string[], fits: (found: Stats) => boolean): Promise<string | undefined> {
  let denied: unknown;
  for (const path of paths) {
    try {
      if (fits(await stat(path))) return path;
    } catch (error) {
      if (isDenied(error) && (error as { code?: unknown }).code !== "EACCES") denied ??= error;
    }
  }
  if (denied === undefined) return undefined;
  throw notPermitted(`look for ${paths[0]}`, denied);
}

function candidates(names: readonly string[]): string[] {
  const folders = (readEnv("PATH") ?? "").split(delimiter).filter((folder) => folder !== "");
  return names.flatMap((name) =>
    isAbsolute(name) || name.includes(sep) ? [name] : folders.map((folder) => join(folder, name))
  );
}
