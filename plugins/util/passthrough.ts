/**
 * `util.passthrough`: hands everything on.
 *
 * @module
 */

import { defineNode, type Plugin } from "../../core/plugin.ts";

/** Gives every value as it came. Useful as a named place to send to, or to read from. */
export const passthrough: Plugin["nodes"][number] = defineNode({
  type: "util.passthrough",
  aliases: ["PassThrough", "PassThroughNode"],
  summary: "Hands every value on, unchanged.",
  inputs: { in: ["any"] },
  outputs: { out: ["any"] },
  create: () => ({ process: (data) => data }),
});
