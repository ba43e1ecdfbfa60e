import type { Plugin } from "../../core/plugin.ts";

/** What each file of this plugin exports: one node type, whatever its parameters. */
export type AudioNode = Plugin["nodes"][number];
