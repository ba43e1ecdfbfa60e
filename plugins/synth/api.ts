/**
 * What goes into the nodes of this plugin and what comes out, as types: for
 * whoever sends requests to them.
 *
 * @module
 */

export type { DspGraph, GraphInput, GraphModulation, GraphNode } from "./graph/schema.ts";
export type { NodeTypeName } from "./graph/node_types.ts";
export type { Change } from "./policy/apply.ts";
export type { KeyName, ScaleName } from "./policy/music.ts";
export type { NormalPreset, NormalValue } from "./preset/normalise.ts";
export type { Preset, Written } from "./preset/schema.ts";
export type { Role } from "./preset/roles.ts";
export type { QualityMeasures } from "./quality/measure.ts";
export type { QualityFinding, QualityScore } from "./quality/score.ts";
export type { PresetMatch, SearchReason } from "./search/preset_search.ts";
export type {
  GenerateRequest,
  GraphCommand,
  GraphSound,
  PlayedNote,
  PresetRequest,
  QueryRequest,
} from "./engine/request_types.ts";
export type {
  EngineStatus,
  GraphReport,
  PlayReport,
  PresetSummary,
  QueryReport,
  SynthDecision,
  SynthTrace,
} from "./engine/reports.ts";
export { graphToMermaid, graphToSvg } from "./graph/export.ts";
export { type DrawnEdge, type GraphLayout, layoutGraph, type PlacedNode } from "./graph/layout.ts";
