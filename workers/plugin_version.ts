/**
 * Whether a plugin is of a version that the application takes.
 *
 * @module
 */

import { displayValue, StreamrackError } from "../core/errors.ts";
import { isInRange } from "../core/node/version_range.ts";

/** @throws {StreamrackError} `plugin-version` if its version is not in the range. Without a range every version is right. */
export function checkVersion(
  { name, version }: { readonly name: string; readonly version: string },
  wanted: string | undefined,
): void {
  if (wanted === undefined || isInRange(version, wanted)) return;
  throw new StreamrackError("plugin-version", `it is version ${version}, and the application wants ${wanted}`, {
    pluginName: name,
    problems: [{
      path: "plugins.version",
      message: "leaves this version out",
      received: displayValue(version),
      expected: `a version in ${displayValue(wanted)}`,
    }],
    remedy: "Install a version of the plugin within that range, or widen the range.",
  });
}
