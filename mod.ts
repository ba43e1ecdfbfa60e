/**
 * The entry for applications: `@streamrack/core`.
 *
 * A rack that hosts streaming plugins on Deno, Bun and Node: every plugin
 * runs in pooled worker threads of its own, audio moves between threads
 * without copies, and nodes answer with async generators. Importing this
 * module does nothing; {@linkcode createRuntime} is the way in.
 *
 * @module
 */

export { createRuntime } from "./workers/runtime.ts";
export type {
  Delivery,
  ExecuteInput,
  ExecuteResult,
  OpenOptions,
  RestartOptions,
  Runtime,
  RuntimeOptions,
} from "./workers/runtime_types.ts";
export type { BreakerOptions } from "./workers/circuit_breaker.ts";
export type { PluginMetrics, RuntimeMetrics } from "./workers/runtime_metrics.ts";
export type { WhenExhausted } from "./workers/session_budget.ts";
export type { SessionLimits } from "./workers/session_options.ts";
export type { InlinePlugin, PlacedPlugin, PluginInput } from "./workers/plugin_input.ts";
export { buildDescription } from "./workers/build_description.ts";
export type { BuildOptions, BuiltDescription } from "./workers/build_description.ts";
export { createDefaultRegistry } from "./workers/default_registry.ts";
export { loadManifest, parseManifest } from "./workers/manifest_file.ts";

export type { SendOptions, Session, SessionInput, SessionOutput } from "./core/pipeline/session.ts";
export type { LinkMetrics, NodeMetrics, SessionMetrics, SessionState } from "./core/pipeline/metrics.ts";
export type { PortRef } from "./core/pipeline/port_ref.ts";
export type { LogEntry } from "./core/pipeline/segment.ts";
export { createPlan } from "./core/pipeline/plan.ts";
export type { Plan, PlanEdge, PlanNode, PlanPort, PlanSegment } from "./core/pipeline/plan.ts";
export { MANIFEST_VERSION, ManifestSchema } from "./core/pipeline/manifest.ts";
export type { Manifest, ManifestConnection, ManifestNode, ManifestRetry } from "./core/pipeline/manifest.ts";
export { unknownManifestKeys } from "./core/pipeline/unknown_keys.ts";

export { StreamingNodeRegistry } from "./core/node/registry.ts";
export type {
  ModuleSource,
  PluginSource,
  ProcessOptions,
  RegisteredNode,
  RegisteredPlugin,
} from "./core/node/registry.ts";
export { StreamingNodeFactory } from "./core/node/factory.ts";
export type { ParamsResult } from "./core/node/factory.ts";
export type { JsonSchema, NodeDescription, PluginDescription } from "./core/node/describe.ts";
export type { GrantOptions, HeldGrants } from "./core/node/grants.ts";
export type { PermissionKind, Permissions } from "./core/node/permissions.ts";
export type { LogLevel } from "./core/node/contract.ts";

export { ERROR_CODES, ERROR_REASONS, renderProblem } from "./core/errors.ts";
export * from "./core/plugin.ts";
