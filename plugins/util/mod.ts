/**
 * The `util` plugin: small nodes for wiring, demonstrations and tests.
 *
 * @module
 */

import { definePlugin, type Plugin } from "../../core/plugin.ts";
import { add, multiply } from "./arithmetic.ts";
import { calculator } from "./calculator.ts";
import { delay } from "./delay.ts";
import { echo } from "./echo.ts";
import { passthrough } from "./passthrough.ts";

const plugin: Plugin = definePlugin({
  name: "util",
  version: "0.1.0",
  apiVersion: 1,
  nodes: [passthrough, echo, delay, calculator, add, multiply],
});

export default plugin;
