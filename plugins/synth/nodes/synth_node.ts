import type { Plugin } from "../../../core/plugin.ts";

/** What each node file of this plugin exports. */
export type SynthNode = Plugin["nodes"][number];
