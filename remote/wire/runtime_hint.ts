/**
 * The runtime hints of the protocol.
 *
 * @module
 */

/** Where a node shall run, as other services of this protocol understand it; ours ignores it. */
export const RuntimeHint = {
  auto: "auto",
  rustPython: "rust_python",
  cpython: "cpython",
  cpythonWasm: "cpython_wasm",
} as const;

/** One of {@linkcode RuntimeHint}. */
export type RuntimeHint = typeof RuntimeHint[keyof typeof RuntimeHint];
