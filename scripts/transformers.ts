/**
 * Brings `@huggingface/transformers` for the tests of local models into
 * `.tools/`: the library alone, some 1 MB, on the ONNX Runtime that is a
 * dependency anyway. Its own dependencies would be hundreds of megabytes of
 * native code, and libvips, which is for images.
 *
 * Its module is taken as it is, but for what it imports: the builtin modules
 * by the names that all runtimes take, ONNX Runtime compiled to WebAssembly in
 * place of the native one, and nothing for images.
 *
 * @module
 */

import { access, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { LIBRARY, LIBRARY_VERSION } from "../plugins/llm/local_library.ts";
import { ROOT } from "./lib/files.ts";
import { runProcess } from "./lib/run_process.ts";
import { readTarball } from "./lib/tar.ts";

const TOOLS = join(ROOT, ".tools");
const MODULE = "package/dist/transformers.node.mjs";
const FETCH_DEADLINE_MS = 120_000;

const NO_IMAGES = `export default () => {
  throw new Error("there is no image library here");
};
`;
const ONNX_RUNTIME = `import * as ort from "onnxruntime-web";

ort.env.wasm.numThreads = 1;
// Else the library would fetch the files of ONNX Runtime from the network.
ort.env.wasm.wasmPaths = new URL("./", import.meta.resolve("onnxruntime-web")).href;
export const { Tensor } = ort;
export default ort;
`;
/** What stands in the module, and what takes its place: each has to be there. */
const REDIRECTIONS: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  [/^(import .* from )"(fs|path|url|module|stream|stream\/promises)";$/gm, '$1"node:$2";'],
  [/^import (\w+) from "sharp";$/gm, 'import $1 from "./no_images.mjs";'],
  [/^import \{ Tensor \} from "onnxruntime-common";$/gm, 'import { Tensor } from "./onnx_runtime.mjs";'],
  [/^var (\w+) = \w+\("onnxruntime-node"\);$/gm, 'import $1 from "./onnx_runtime.mjs";'],
];

/**
 * Path of the module, fetched on first use. Safe to call from several
 * processes at once.
 *
 * @throws {Error} If it cannot be fetched; the message says why.
 */
export async function transformersPath(): Promise<string> {
  const home = join(TOOLS, `transformers-${LIBRARY_VERSION}`);
  const path = join(home, "transformers.mjs");
  if (!await exists(path)) await install(home, path);
  return path;
}

async function install(home: string, path: string): Promise<void> {
  await mkdir(TOOLS, { recursive: true });
  const folder = await mkdtemp(join(TOOLS, ".fetch-transformers-"));
  try {
    const result = await runProcess({
      command: "npm",
      args: ["pack", `${LIBRARY}@${LIBRARY_VERSION}`, "--ignore-scripts", "--pack-destination", folder],
      cwd: folder,
      deadlineMs: FETCH_DEADLINE_MS,
    });
    const packed = (await readdir(folder)).find((name) => name.endsWith(".tgz"));
    if (!result.ok || packed === undefined) {
      throw new Error(`could not fetch ${LIBRARY}@${LIBRARY_VERSION}: ${result.ending}\n${result.output.trim()}`);
    }
    const files = readTarball(await readFile(join(folder, packed)));
    const module = files.find((file) => file.path === MODULE);
    if (module === undefined) throw new Error(`${LIBRARY}@${LIBRARY_VERSION} holds no ${MODULE}`);
    await rm(join(folder, packed));
    await writeFile(join(folder, "transformers.mjs"), redirect(new TextDecoder().decode(module.bytes)));
    await writeFile(join(folder, "no_images.mjs"), NO_IMAGES);
    await writeFile(join(folder, "onnx_runtime.mjs"), ONNX_RUNTIME);
    await rename(folder, home).catch(async (error: unknown) => {
      // Another process was faster; its copy is as good.
      if (!await exists(path)) throw error;
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The module with other imports. */
function redirect(code: string): string {
  return REDIRECTIONS.reduce((code, [pattern, replacement]) => {
    const redirected = code.replace(pattern, replacement);
    if (redirected === code) throw new Error(`${LIBRARY}@${LIBRARY_VERSION} holds nothing like ${pattern}`);
    return redirected;
  }, code);
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(() => true, () => false);
}
