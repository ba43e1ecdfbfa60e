/** Short ways to a runtime with the test plugins. */

import { createRuntime, type Manifest, type Runtime, type RuntimeOptions } from "../../mod.ts";

/** URL of a plugin in `tests/_support/plugins`. */
export function testPlugin(name: string): URL {
  return new URL(`./plugins/${name}.ts`, import.meta.url);
}

/** Runs a test with a runtime that has the test plugins, and closes it whatever happens. */
export async function withRuntime<T>(use: (runtime: Runtime) => Promise<T>, options: RuntimeOptions = {}): Promise<T> {
  const plugins = [testPlugin("probe"), testPlugin("faults")];
  const runtime = await createRuntime({
    killGraceMs: 1_500,
    ...options,
    plugins: [...plugins, ...options.plugins ?? []],
  });
  try {
    return await use(runtime);
  } finally {
    await runtime.close();
  }
}

/** A manifest of nodes in a row: `chain("audio.gain", ["audio.format", { format: "i16" }])` has nodes `n0` and `n1`. */
export function chain(
  ...types: (string | readonly [type: string, params: Manifest["nodes"][number]["params"]])[]
): Manifest {
  const nodes = types.map((type, i) =>
    typeof type === "string" ? { id: `n${i}`, node_type: type } : { id: `n${i}`, node_type: type[0], params: type[1] }
  );
  return {
    version: "v1",
    nodes,
    connections: nodes.slice(1).map(({ id }, i) => ({ from: `n${i}`, to: id })),
  };
}

/** Everything that an async iterable gives. */
export async function collect<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of iterable) items.push(item);
  return items;
}
