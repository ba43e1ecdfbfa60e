/**
 * What a service tells its operator: one plain object for each event.
 *
 * @module
 */

import type { LogLevel } from "../../mod.ts";

/** One event. All its fields are plain, so that it prints as one line of JSON. */
export interface ServiceLogEntry {
  readonly level: LogLevel;
  /** What happened, as one word, such as `call-ended`. The list is in `docs/remote.md`. */
  readonly event: string;
  readonly [field: string]: string | number | boolean | undefined;
}
