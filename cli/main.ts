#!/usr/bin/env node
/**
 * The `streamrack` command.
 *
 * @module
 */

import process from "node:process";
import { main } from "./program.ts";

process.exitCode = await main(process.argv.slice(2));
// A silent standard input would keep some runtimes alive; everything that had to be written is.
process.exit();
