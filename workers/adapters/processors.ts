/**
 * How many threads can work at the same time.
 *
 * @module
 */

import { availableParallelism } from "node:os";

/** Processors that this process may use. Asked once: on Linux each answer is read from files of the system. */
export const PROCESSORS: number = availableParallelism();
