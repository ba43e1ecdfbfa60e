/** `llm.local` as `test.local`, with the library that the tests have. */

import { definePlugin, type Plugin } from "../../../core/plugin.ts";
import { defineLocal } from "../../../plugins/llm/local.ts";
import { findLibrary } from "../../runners/_local_library.ts";

const { node } = defineLocal(async () => {
  const found = await findLibrary();
  if ("missing" in found) throw new Error(found.missing);
  return await found.importLibrary();
});

const plugin: Plugin = definePlugin({
  name: "local_model",
  version: "1.0.0",
  apiVersion: 1,
  nodes: [{ ...node, type: "test.local" }],
});

export default plugin;
