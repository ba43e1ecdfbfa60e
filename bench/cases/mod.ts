/**
 * All cases, in the order in which they run and are shown.
 *
 * @module
 */

import type { Case } from "../harness/case.ts";
import throughput from "./throughput.ts";

/** All cases. */
export const CASES: readonly Case[] = [throughput];
