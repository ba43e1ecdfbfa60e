import { planGraph } from "../graph/plan.ts";
import type { DspGraph } from "../graph/schema.ts";
import { normalisePreset } from "../preset/normalise.ts";
import { presetGraph } from "../preset/to_graph.ts";
import type { Embedder } from "../search/preset_search.ts";
import { engine } from "../engine/engine.ts";
import { presetById, presetSummaries } from "../engine/library.ts";
import type { QueryReport } from "../engine/reports.ts";
import type { FullQueryRequest } from "../engine/request_types.ts";
import { MAX_PROMPT_CHARS } from "../engine/requests.ts";

const DEFAULT_TEMPO_BPM = 120;
const DEFAULT_RATE_HZ = 44_100;

/** Answers a question to the engine or its library. */
export async function answerQuery(
  request: FullQueryRequest,
  embedder: Embedder | undefined,
): Promise<QueryReport> {
  switch (request.query) {
    case "status":
      return { kind: "status", status: engine.status() };
    case "list":
      return { kind: "list", presets: presetSummaries(request.role) };
    case "load": {
      const preset = presetById(request.presetId, "request.presetId");
      return { kind: "load", preset, ...checked(preset, DEFAULT_TEMPO_BPM) };
    }
    case "check":
      return { kind: "check", ...checked(request.preset, request.tempo) };
    case "warm":
      for (const graph of request.graphs) await engine.graphs.compile(graph as DspGraph);
      return { kind: "warm", cachedGraphs: engine.graphs.size };
    case "search": {
      const { prompt, role, limit } = request;
      return {
        kind: "search",
        matches: await engine.search(prompt.slice(0, MAX_PROMPT_CHARS), { role, limit }, embedder),
      };
    }
  }
}

function checked(preset: unknown, tempoBpm: number) {
  const normal = normalisePreset(preset, { tempoBpm });
  const { graph } = presetGraph(normal, DEFAULT_RATE_HZ);
  planGraph(graph);
  return { normal, graph };
}
