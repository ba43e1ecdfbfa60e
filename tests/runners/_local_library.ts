/** The library of local models for tests. */

import { importInstalled, type ImportLibrary, LIBRARY } from "../../plugins/llm/local_library.ts";
import { libraryUrl } from "../_support/transformers.ts";

/** How to import it; or why there is none, for a test that is left out then. */
export type Found = { readonly importLibrary: ImportLibrary } | { readonly missing: string };

/** Looks for the library. Where the CI runs, a missing one is a failure. */
export async function findLibrary(): Promise<Found> {
  const found = await libraryUrl();
  if ("missing" in found) return found;
  const { href } = found;
  return { importLibrary: href === LIBRARY ? importInstalled : () => import(href) };
}
