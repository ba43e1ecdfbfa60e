/**
 * Plugins that a test writes, and writes anew.
 *
 * @module
 */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Permissions } from "../../core/plugin.ts";

const ENTRY = new URL("../../core/plugin.ts", import.meta.url).href;

/** What a written plugin is. */
export interface WrittenPlugin {
  readonly name?: string;
  readonly version?: string;
  readonly apiVersion?: number;
  /** The versions of the package that it works with. */
  readonly streamrack?: string;
  readonly permissions?: Permissions;
  /** The type of its only node, which answers every value with the text. Default: `<name>.say`. */
  readonly type?: string;
  readonly says?: string;
  /** Code that its module runs as it is loaded. */
  readonly atLoad?: string;
}

/** Writes a plugin into a folder, as `<file>.mjs`, and gives its URL. */
export async function writePlugin(folder: string, file: string, plugin: WrittenPlugin = {}): Promise<URL> {
  const { name = file, version = "1.0.0", apiVersion = 1, type = `${name}.say`, says = "", atLoad = "" } = plugin;
  const { streamrack, permissions } = plugin;
  const path = join(folder, `${file}.mjs`);
  await writeFile(
    path,
    `
import { writeFileSync } from "node:fs";
import * as v from ${JSON.stringify(import.meta.resolve("valibot"))};
import { defineNode, definePlugin, RuntimeData } from ${JSON.stringify(ENTRY)};
${atLoad}
export default definePlugin({
  name: ${JSON.stringify(name)}, version: ${JSON.stringify(version)}, apiVersion: ${apiVersion},
  ${streamrack === undefined ? "" : `streamrack: ${JSON.stringify(streamrack)},`}
  ${permissions === undefined ? "" : `permissions: ${JSON.stringify(permissions)},`}
  nodes: [defineNode({
    type: ${JSON.stringify(type)}, summary: "Says something.",
    params: v.object({ times: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 1) }),
    inputs: { in: ["any"] }, outputs: { out: ["text"] },
    create: ({ params }) => ({
      *process() { for (let i = 0; i < params.times; i++) yield RuntimeData.text(${JSON.stringify(says)}); },
    }),
  })],
});
`,
  );
  return pathToFileURL(path);
}
