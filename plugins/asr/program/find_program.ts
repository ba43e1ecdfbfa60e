/**
 * Finds programs and their files, before one is started in vain.
 *
 * @module
 */

import type { Stats } from "node:fs";
import { stat } from "node:fs/promises";
import { delimiter, isAbsolute, join, sep } from "node:path";
import process from "node:process";
import { isDenied, modelFilesProblem, notPermitted, readEnv } from "../../../runners/mod.ts";
import type { SpeechProgram } from "./program.ts";
import { notInstalled } from "./program_errors.ts";

/**
 * The path of a program whose model is there as well.
 *
 * @throws {StreamrackError} `service-unavailable` (E501) without the program, `model-not-downloaded` (E500) without
 * its model, `unauthenticated` (E401) where one may not look for them.
 */
export async function findProgram(program: SpeechProgram): Promise<string> {
  const path = await firstProgram(candidates(program.names));
  if (path === undefined) {
    throw notInstalled(program, `there is no ${program.names.map((name) => `"${name}"`).join(" or ")}`);
  }
  const problem = await modelFilesProblem({
    title: `the model of ${program.title}`,
    paths: program.modelPaths,
    param: "modelPath",
    remedy: program.howToGetModel,
  });
  if (problem !== undefined) throw problem;
  return path;
}

/** The first path at which there is a program. `access` would tell exactly: see {@linkcode modelFilesProblem}. */
async function firstProgram(paths: readonly string[]): Promise<string | undefined> {
  let denied: unknown;
  for (const path of paths) {
    try {
      if (isProgram(await stat(path))) return path;
    } catch (error) {
      if (isDenied(error) && (error as { code?: unknown }).code !== "EACCES") denied ??= error;
    }
  }
  if (denied === undefined) return undefined;
  throw notPermitted(`look for ${paths[0]}`, denied);
}

function isProgram(found: Stats): boolean {
  return found.isFile() && (process.platform === "win32" || (found.mode & 0o111) !== 0);
}

function candidates(names: readonly string[]): string[] {
  const folders = (readEnv("PATH") ?? "").split(delimiter).filter((folder) => folder !== "");
  return names.flatMap((name) =>
    isAbsolute(name) || name.includes(sep) ? [name] : folders.map((folder) => join(folder, name))
  );
}
