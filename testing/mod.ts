/**
 * The entry for tests of plugins: `@streamrack/core/testing`.
 *
 * @module
 */

export { type NodeInput, type NodeRun, runNode, type RunNodeOptions, type TestSource } from "./run_node.ts";
export { FakeClock, type FakeClockOptions, type FakeTimer } from "./fake_clock.ts";
export { checkPluginConformance, conformanceTests } from "./conformance.ts";
export type {
  ConformanceCheck,
  ConformanceFinding,
  ConformanceOptions,
  NodeConformanceOptions,
} from "./conformance/options.ts";
export { runnerConformanceTests } from "./runner_conformance.ts";
export type { RunnerConformanceOptions } from "./runner_conformance.ts";
