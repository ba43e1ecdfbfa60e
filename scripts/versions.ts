/**
 * The one place that lists the versions of the runtimes which Streamrack is
 * built and tested with. `deno task gate` checks that the documents and the CI
 * files name the same ones.
 *
 * @module
 */

/** Exact version of each runtime. */
export const RUNTIME_VERSIONS = {
  /** Runs the tasks; `npx -y deno@<this> task …` is all that a fresh clone needs. */
  deno: "2.9.6",
  /** Second runtime of the tests. */
  bun: "1.4.5",
  /** Third runtime of the tests: runs our TypeScript sources as they are. */
  node: "26.10.0",
  /** Oldest runtime that the packed npm package supports (JavaScript only). */
  node20: "20.20.2",
} as const;

/** Name of a runtime that the scripts can start. */
export type RuntimeName = keyof typeof RUNTIME_VERSIONS;
