/** Manifests as others write them. */

export const NODE = { id: "a", node_type: "t" };
/** All that other tools write. */
export const COMPLETE = {
  version: "v1",
  metadata: { name: "n", description: "d", created_at: "2025-01-01T00:00:00Z", auto_negotiate: true, author: "x" },
  nodes: [{
    id: "a",
    node_type: "t",
    params: { deep: [1, { x: null }] },
    is_streaming: true,
    is_output_node: true,
    capabilities: { gpu: { type: "cuda", min_memory_gb: 2, required: true }, cpu: { cores: 2 }, memory_gb: 1 },
    media_capabilities: {},
    host: "h",
    runtime_hint: "cpython",
    execution: { placement: "prefer_remote", reason: "r", fallback: "local" },
    fast_path: true,
    python_deps: ["numpy"],
  }],
  connections: [],
  python_env: { python_version: "3.11", scope: "s", extra_deps: [] },
  unknown: [1],
};
export const MINIMAL = { version: "v1", nodes: [NODE] };
