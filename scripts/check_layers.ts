/**
 * Checks that imports go one way: core ← workers ← mod.ts ← cli and remote,
 * core ← audio ← cli; plugins see the author's entry only. The table below is the rule.
 *
 * Only import and export lines are read; what code itself may not say is in
 * `lint_plugin.ts`.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { join, posix } from "node:path";
import { type Finding, reportFindings } from "./lib/finding.ts";
import { findFiles, ROOT } from "./lib/files.ts";
import { readImports } from "./lib/imports.ts";
import { runScript } from "./lib/run_script.ts";

interface Layer {
  /** Files that it holds: a folder (with `/` at its end) or one file. */
  readonly path: string;
  /** Files of ours that it may import beside its own. */
  readonly imports: readonly string[];
  /** Packages that it may import; `"any"` for all. */
  readonly packages: readonly string[] | "any";
  /** Modules of the runtime (`node:…`) that it may import; `"any"` for all. */
  readonly builtins: readonly string[] | "any";
}

const AUTHOR_ENTRY = "core/plugin.ts";
/** For plugins that load libraries which were written for browsers. */
const NULL_ORIGIN = "core/node/null_origin.ts";

/** The first layer that holds a file counts. */
const LAYERS: readonly Layer[] = [
  { path: "core/", imports: [], packages: ["valibot"], builtins: [] },
  // Reads and writes files, with what all runtimes have for that.
  {
    path: "audio/",
    imports: ["core/"],
    packages: "any",
    builtins: ["node:fs", "node:fs/promises", "node:path", "node:process", "node:crypto", "node:os", "node:url"],
  },
  { path: "workers/", imports: ["core/", "plugins/catalog.ts"], packages: "any", builtins: "any" },
  // Generated: data in the shape that core declares.
  { path: "plugins/catalog.ts", imports: ["core/node/describe.ts"], packages: [], builtins: [] },
  // Reads the model from its package.
  { path: "plugins/vad/", imports: [AUTHOR_ENTRY], packages: "any", builtins: ["node:fs/promises"] },
  // Its nodes and the functions of the entry "./audio" are made of the same parts.
  { path: "plugins/audio/", imports: [AUTHOR_ENTRY, "audio/dsp/"], packages: ["valibot"], builtins: [] },
  // Its node calls a service through the client, by the entry that any plugin could import.
  { path: "plugins/remote/", imports: [AUTHOR_ENTRY, "remote/mod.ts"], packages: "any", builtins: [] },
  // Measures what it renders with the meters of the audio nodes.
  {
    path: "plugins/synth/",
    imports: [AUTHOR_ENTRY, NULL_ORIGIN, "audio/dsp/"],
    packages: ["valibot", "minisearch", "fft.js"],
    builtins: [],
  },
  // What runs models is written against the entry for runners, as anyone's would be.
  ...["llm", "vlm", "guard"].map((name): Layer => ({
    path: `plugins/${name}/`,
    // One cutter of sentences for all that speak; the models that the guardian of a manifest stands around.
    imports: [
      AUTHOR_ENTRY,
      ...name === "llm" ? [NULL_ORIGIN] : [],
      "runners/mod.ts",
      "plugins/text/splitter.ts",
      ...name === "guard" ? ["plugins/llm/mod.ts"] : [],
    ],
    packages: "any",
    builtins: ["node:fs/promises", "node:path", "node:url"],
  })),
  {
    path: "plugins/tts/",
    imports: [AUTHOR_ENTRY, "runners/mod.ts", "plugins/text/splitter.ts"],
    packages: "any",
    builtins: ["node:fs/promises"],
  },
  // Runs programs, which it looks for along the path of the environment.
  {
    path: "plugins/asr/",
    imports: [AUTHOR_ENTRY, "runners/mod.ts", "audio/pcm/"],
    packages: "any",
    builtins: [
      "node:child_process",
      "node:fs",
      "node:fs/promises",
      "node:os",
      "node:path",
      "node:process",
      "node:stream",
    ],
  },
  { path: "plugins/*/", imports: [AUTHOR_ENTRY], packages: "any", builtins: [] },
  // The contract of runners, on top of that of nodes. Keys come from the environment, models from files.
  {
    path: "runners/",
    imports: [AUTHOR_ENTRY, "core/flow/backoff.ts"],
    packages: ["valibot", "eventsource-parser", "lru-cache"],
    builtins: ["node:process", "node:fs/promises"],
  },
  { path: "testing/", imports: ["mod.ts", "core/", "workers/", "runners/mod.ts"], packages: "any", builtins: [] },
  { path: "mod.ts", imports: ["core/", "workers/"], packages: [], builtins: [] },
  // An application of the public entries that drives one plugin: it knows what that takes and gives, how it shares out a
  // latency, and none of its code else.
  {
    path: "synth/",
    imports: ["mod.ts", AUTHOR_ENTRY, "plugins/synth/api.ts", "plugins/synth/engine/latency.ts"],
    packages: [],
    builtins: [],
  },
  {
    path: "cli/",
    imports: ["mod.ts", AUTHOR_ENTRY, "audio/", "remote/mod.ts", "synth/mod.ts"],
    packages: "any",
    builtins: "any",
  },
  // Generated, from remote/proto/.
  { path: "remote/gen/", imports: [], packages: ["@bufbuild/protobuf"], builtins: [] },
  // An application of mod.ts. Its client runs inside of plugins as well, where the engine must not be loaded for a
  // list of codes. Sockets, TLS and HTTP are its business, and in Node's modules they are alike on all runtimes.
  { path: "remote/", imports: ["mod.ts", AUTHOR_ENTRY, "core/errors.ts"], packages: "any", builtins: "any" },
  // A plugin as any other, but for the work that all contenders share.
  { path: "bench/nodes/", imports: [AUTHOR_ENTRY, "bench/contenders/invert.ts"], packages: [], builtins: [] },
  // Measures what users get: the public entries alone. What starts processes and finds runtimes is shared with the tests.
  {
    path: "bench/",
    imports: [
      "mod.ts",
      AUTHOR_ENTRY,
      "remote/",
      "workers/entry.ts",
      "audio/mod.ts",
      "plugins/audio/mod.ts",
      "plugins/vad/mod.ts",
      // Compared with the bare renderer, which is no public entry.
      "plugins/synth/",
      "synth/mod.ts",
      "scripts/",
    ],
    packages: "any",
    builtins: "any",
  },
  // What users would write: no path of ours, only the published names.
  { path: "examples/*/", imports: [], packages: "any", builtins: "any" },
];

/** Breaches in the text of one file. Files of no layer (tests, scripts) may import anything. */
export function findBreaches(file: string, text: string): Finding[] {
  const found = layerOf(file);
  if (found === undefined) return [];
  const { layer, home } = found;
  const findings: Finding[] = [];
  for (const { specifier, line } of readImports(text)) {
    const message = judge(specifier, file, layer, home);
    if (message !== undefined) findings.push({ file, line, rule: "layers", message });
  }
  return findings;
}

function judge(specifier: string, file: string, layer: Layer, home: string): string | undefined {
  if (specifier.startsWith("node:") || specifier.startsWith("bun:")) {
    if (includes(layer.builtins, specifier)) return undefined;
    return `${home} may not import ${specifier}: what differs between runtimes belongs in workers/`;
  }
  if (specifier.startsWith("./") || specifier.startsWith("../")) {
    const target = posix.normalize(posix.join(posix.dirname(file), specifier));
    const allowed = [home, ...layer.imports];
    if (allowed.some((path) => target === path || (path.endsWith("/") && target.startsWith(path)))) return undefined;
    return `${home} may not import ${target}: it may import ${allowed.join(", ")}`;
  }
  const name = specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
  if (includes(layer.packages, name)) return undefined;
  const allowed = layer.packages.length === 0 ? "no package" : `only ${[layer.packages].flat().join(", ")}`;
  return `${home} may not import ${specifier}: ${allowed}`;
}

function includes(allowed: readonly string[] | "any", name: string): boolean {
  return allowed === "any" || allowed.includes(name);
}

function layerOf(file: string): { layer: Layer; home: string } | undefined {
  for (const layer of LAYERS) {
    const [before = "", after] = layer.path.split("*/");
    if (after === undefined) {
      if (file === layer.path || (layer.path.endsWith("/") && file.startsWith(layer.path))) {
        return { layer, home: layer.path };
      }
    } else if (file.startsWith(before) && file.slice(before.length).includes("/")) {
      // One home per folder: siblings do not see each other.
      return { layer, home: `${before}${file.slice(before.length).split("/")[0]}/` };
    }
  }
  return undefined;
}

async function main(): Promise<number> {
  const files = await findFiles("", (path) => /\.(ts|js)$/.test(path) && layerOf(path) !== undefined);
  const findings = await Promise.all(
    files.map(async (file) => findBreaches(file, await readFile(join(ROOT, file), "utf8"))),
  );
  return reportFindings(`layers of ${files.length} files`, findings.flat());
}

if (import.meta.main) await runScript(main);
