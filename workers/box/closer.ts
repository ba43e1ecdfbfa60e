/**
 * What differs between runtimes where a box is closed from within.
 *
 * @module
 */

import type { PermissionKind } from "../../core/node/permissions.ts";
import type { BoxCheck } from "./box.ts";

/** How one runtime closes what it leaves open, and tells whether a kind is refused. */
export interface Closer {
  close(check: BoxCheck): void;
  /** Tries each kind, in a way that does no harm where it is possible. */
  readonly isRefused: { readonly [K in PermissionKind]: () => boolean | Promise<boolean> };
  /** Whether a folder cannot be read. */
  isUnreadable(folder: string): boolean;
}
