/** Runs a plugin that imports a package that nobody has, in the tier of the argument, with nothing granted. Deno only. */

import process from "node:process";
import { createRuntime, RuntimeData } from "../../../mod.ts";
import { chain, testPlugin } from "../runtime.ts";

const tier = process.argv[2] as "worker" | "process";
await using runtime = await createRuntime({ plugins: [{ plugin: testPlugin("attacks"), tier, grants: {} }] });
const { outputs } = await runtime.execute(chain("attacks.import"), { n0: RuntimeData.text("npm:streamrack-secret@1") });
console.log(RuntimeData.asText(outputs["n0"]![0]!));
