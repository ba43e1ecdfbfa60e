/** The library that runs models, for tests: as it is installed, else the light copy that scripts/transformers.ts brings. */

import process from "node:process";
import { pathToFileURL } from "node:url";
import { importInstalled, LIBRARY } from "../../plugins/llm/local_library.ts";
import { transformersPath } from "../../scripts/transformers.ts";

/** URL or name of its module; or why there is none, for a test that is left out then. Where the CI runs, a missing one is a failure. */
export async function libraryUrl(): Promise<{ readonly href: string } | { readonly missing: string }> {
  try {
    await importInstalled();
    return { href: LIBRARY };
  } catch {
    // Not installed, as a rule.
  }
  try {
    return { href: pathToFileURL(await transformersPath()).href };
  } catch (thrown) {
    if (process.env["CI"] !== undefined) throw thrown;
    return { missing: String(thrown instanceof Error ? thrown.message : thrown) };
  }
}
