/**
 * Reads `bench/budgets.json`.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import type { Budget } from "./ratios.ts";

/** The promises, in the order of the file. */
export async function readBudgets(): Promise<readonly Budget[]> {
  const text = await readFile(new URL("../budgets.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { readonly ratios: readonly Budget[] }).ratios;
}
