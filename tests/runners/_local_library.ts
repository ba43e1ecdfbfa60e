/** The library of local models for tests: as it is installed, else the light copy that scripts/transformers.ts brings. */

import process from "node:process";
import { pathToFileURL } from "node:url";
import { importInstalled, type ImportLibrary } from "../../plugins/llm/local_library.ts";
import { transformersPath } from "../../scripts/transformers.ts";

/** How to import it; or why there is none, for a test that is left out then. */
export type Found = { readonly importLibrary: ImportLibrary } | { readonly missing: string };

/** Looks for the library. Where the CI runs, a missing one is a failure. */
export async function findLibrary(): Promise<Found> {
  try {
    await importInstalled();
    return { importLibrary: importInstalled };
  } catch {
    // Not installed, as a rule.
  }
  try {
    const { href } = pathToFileURL(await transformersPath());
    return { importLibrary: () => import(href) };
  } catch (thrown) {
    if (process.env["CI"] !== undefined) throw thrown;
    return { missing: String(thrown instanceof Error ? thrown.message : thrown) };
  }
}
