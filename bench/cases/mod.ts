/**
 * All cases, in the order in which they run and are shown.
 *
 * @module
 */

import type { Case } from "../harness/case.ts";
import codecs from "./codecs.ts";
import cpu from "./cpu.ts";
import data from "./data.ts";
import latency from "./latency.ts";
import memory from "./memory.ts";
import pipeline from "./pipeline.ts";
import remote from "./remote.ts";
import sessions from "./sessions.ts";
import stages from "./stages.ts";
import start from "./start.ts";
import synth from "./synth.ts";
import throughput from "./throughput.ts";

/** All cases. */
export const CASES: readonly Case[] = [
  throughput,
  latency,
  stages,
  data,
  pipeline,
  sessions,
  remote,
  cpu,
  start,
  memory,
  synth,
  codecs,
];
