/**
 * Whether the files of a model are there, before it is loaded in vain.
 *
 * @module
 */

import { stat } from "node:fs/promises";
import type { StreamrackError } from "../core/plugin.ts";
import { runnerError } from "./errors.ts";
import { isDenied, notPermitted } from "./permission.ts";

/** What an error tells of a model that is not there. */
export interface ModelFilesOptions {
  /** As a user would call it, such as `"the model of PocketSphinx"`. */
  readonly title: string;
  /** Files and folders that it needs. */
  readonly paths: readonly string[];
  /** The parameter that names it, such as `"params.model"`. */
  readonly param: string;
  /** How to get it. */
  readonly remedy: string;
}

/**
 * Why a model cannot be read: `undefined` if all that it needs is there,
 * `model-not-downloaded` (E500) with each file that is missing, or
 * `unauthenticated` (E401) where the plugin may not look. For `unavailable` of
 * a runner whose models are files.
 */
export async function modelFilesProblem(
  { title, paths, param, remedy }: ModelFilesOptions,
): Promise<StreamrackError | undefined> {
  const missing: string[] = [];
  for (const path of paths) {
    try {
      // `access` ends a thread on Deno that may not ask who its user is.
      await stat(path);
    } catch (thrown) {
      if (isDenied(thrown)) return notPermitted(`look for ${path}`, thrown);
      missing.push(path);
    }
  }
  if (missing.length === 0) return undefined;
  const what = missing.length === paths.length ? "is not there" : "is not complete";
  return runnerError("E500", `${title} ${what}, and nothing is downloaded at run time`, {
    problems: missing.map((path) => ({ path: param, message: "needs a file that is missing", received: path })),
    remedy,
  });
}
